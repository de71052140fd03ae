import { createFunction } from "../_shared/http/create-function.ts";
import { cancelReceipt, issueReceipt } from "./handler.ts";

export default createFunction("cash-receipt", {
  "POST /": issueReceipt,
  "DELETE /": cancelReceipt,
});
