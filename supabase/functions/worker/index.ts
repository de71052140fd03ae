import { createFunction } from "../_shared/http/create-function.ts";
import { work } from "./handler.ts";

export default createFunction("worker", { "POST /": work });
