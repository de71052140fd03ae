import { createFunction } from "../_shared/http/create-function.ts";
import { operator } from "./handler.ts";

export default createFunction("operator", { "POST /": operator });
