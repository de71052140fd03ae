import { createFunction } from "../_shared/http/create-function.ts";
import { virtualAccount } from "./handler.ts";

export default createFunction("virtual-account", { "POST /": virtualAccount });
