import { createFunction } from "../_shared/http/create-function.ts";
import { deleteMethod } from "./delete.ts";
import { issueByJson } from "./handler.ts";
import { prepare } from "./prepare.ts";
import { issueByRedirect } from "./redirect.ts";

export default createFunction("billing-issue", {
  "POST /": issueByJson,
  "GET /": issueByRedirect,
  "DELETE /": deleteMethod,
  "POST /prepare": prepare,
});
