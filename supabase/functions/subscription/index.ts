import { createFunction } from "../_shared/http/create-function.ts";
import { answerLink, change, showLink } from "./handler.ts";

export default createFunction("subscription", {
  "POST /": change,
  "GET /consent": showLink,
  "POST /consent": answerLink,
});
