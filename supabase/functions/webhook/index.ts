import { createFunction } from "../_shared/http/create-function.ts";
import { explainAddress, receiveWebhook } from "./handler.ts";

export default createFunction("webhook", {
  "POST /": receiveWebhook,
  "GET /": explainAddress,
  "HEAD /": explainAddress,
});
