import { type Action, FunctionError } from "./functions.ts";

export type Next = "retry" | "wait" | "choose_method" | "cart" | "stay";

const NEXT: Record<Action, Next> = {
  retry: "retry", // the same request again
  retry_later: "wait", // the same request again, in a few seconds
  use_another_method: "choose_method", // the same order, another card
  contact_issuer: "choose_method", // … or the buyer calls the card company
  fix_input: "cart", // details names the field
  start_over: "cart", // a new order
  contact_support: "stay", // show requestId
  none: "stay",
};

/** What to show, and what to offer next. */
export function explain(error: unknown): { text: string; next: Next } {
  if (error instanceof FunctionError) {
    const { userMessage, action } = error.problem;
    return { text: userMessage, next: NEXT[action] };
  }
  if (codeOf(error) === "USER_CANCEL") return { text: "", next: "stay" };
  return { text: "연결이 끊겼어요. 다시 시도해 주세요.", next: "retry" };
}

/** The same for the query of the fail page. */
export function explainRedirect(query: URLSearchParams): {
  text: string;
  next: Next;
} {
  const action = query.get("action");
  return {
    text: query.get("message") ?? "",
    // Toss's own redirect brings none: the buyer closed the window, or Toss
    // refused there. The same order may be paid in another try.
    next: isAction(action) ? NEXT[action] : "choose_method",
  };
}

function isAction(text: string | null): text is Action {
  return text !== null && Object.hasOwn(NEXT, text);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
