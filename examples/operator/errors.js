import { RefusedError } from "./project.js";

/** What went wrong, in the operator's language, with what the project said itself. */
export function explain({ t }, error) {
  if (!(error instanceof RefusedError)) {
    console.error(error);
    return t("failed");
  }
  if (error.code === "no_answer") return t("noAnswer");
  if (error.status === 401) return t("keyRefused");
  if (error.isUnknown) return `${t("unknownOutcome")} (${error.code})`;
  return `${error.message || t("failed")} (${error.code})`;
}
