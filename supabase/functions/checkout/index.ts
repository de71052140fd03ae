import { createFunction } from "../_shared/http/create-function.ts";
import { checkout } from "./handler.ts";

export default createFunction("checkout", { "POST /": checkout });
