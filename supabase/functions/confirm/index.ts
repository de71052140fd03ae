import { createFunction } from "../_shared/http/create-function.ts";
import { confirmByJson, confirmByRedirect } from "./handler.ts";

export default createFunction("confirm", {
  "POST /": confirmByJson,
  "GET /": confirmByRedirect,
});
