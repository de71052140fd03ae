import { createFunction } from "../_shared/http/create-function.ts";
import { withdrawal } from "./handler.ts";

export default createFunction("withdrawal", { "POST /": withdrawal });
