import { createFunction } from "../_shared/http/create-function.ts";
import {
  deleteMethod,
  issueByJson,
  issueByRedirect,
  prepare,
} from "./handler.ts";

export default createFunction("billing-issue", {
  "POST /": issueByJson,
  "GET /": issueByRedirect,
  "DELETE /": deleteMethod,
  "POST /prepare": prepare,
});
