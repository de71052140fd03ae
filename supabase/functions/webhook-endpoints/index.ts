import { createFunction } from "../_shared/http/create-function.ts";
import { manageEndpoints } from "./handler.ts";

export default createFunction("webhook-endpoints", {
  "POST /": manageEndpoints,
});
