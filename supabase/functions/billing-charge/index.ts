import { createFunction } from "../_shared/http/create-function.ts";
import { charge } from "./handler.ts";

export default createFunction("billing-charge", { "POST /": charge });
