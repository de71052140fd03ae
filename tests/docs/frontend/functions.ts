import {
  FunctionRegion,
  FunctionsHttpError,
  type SupabaseClient,
} from "@supabase/supabase-js";

export type Action =
  | "retry"
  | "retry_later"
  | "use_another_method"
  | "fix_input"
  | "start_over"
  | "contact_issuer"
  | "contact_support"
  | "none";

/** The body of every 4xx and 5xx answer. */
export interface Problem {
  code: string;
  message: string; // for developers
  requestId: string; // for the log
  retryable: boolean;
  action: Action;
  userMessage: string; // for the buyer
  tossCode?: string;
  details?: unknown;
}

export class FunctionError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** Calls a function beside Toss and the database. */
export async function callFunction<Answer>(
  supabase: SupabaseClient,
  name: string,
  body: Record<string, unknown>,
  method: "POST" | "DELETE" = "POST",
): Promise<Answer> {
  const { data, error } = await supabase.functions.invoke(name, {
    method,
    body,
    region: FunctionRegion.ApNortheast2,
  });
  if (error instanceof FunctionsHttpError) {
    const problem = await error.context.json().catch(() => null);
    if (problem?.userMessage) throw new FunctionError(problem);
  }
  if (error) throw error; // no answer of ours: the network, or the platform
  return data;
}

/** Repeats a call while its answer is 202 `{ status: "processing" }`. */
export async function whileProcessing<Answer extends { status?: string }>(
  ask: () => Promise<Answer>,
  { tries = 30, pauseMs = 2000 } = {},
): Promise<Answer> {
  let answer = await ask();
  for (let n = 1; answer.status === "processing" && n < tries; n++) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    answer = await ask();
  }
  return answer;
}
