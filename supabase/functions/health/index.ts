import { createFunction } from "../_shared/http/create-function.ts";
import { health } from "./handler.ts";

export default createFunction("health", { "GET /": health });
