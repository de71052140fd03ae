import { createFunction } from "../_shared/http/create-function.ts";
import { change } from "./handler.ts";

export default createFunction("subscription", { "POST /": change });
