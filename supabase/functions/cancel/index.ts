import { createFunction } from "../_shared/http/create-function.ts";
import { cancel } from "./handler.ts";

export default createFunction("cancel", { "POST /": cancel });
