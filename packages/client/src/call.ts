import type { FunctionRegion, SupabaseClient } from "@supabase/supabase-js";
import { type Problem, TossPaymentsError } from "./error.ts";
import { page } from "./page.ts";

/** A supabase-js client, with the types of any project. */
// deno-lint-ignore no-explicit-any -- the shop's own Database type, whatever it is
export type AnySupabase = SupabaseClient<any, any, any, any, any>;

/** A language of the buyer's texts. */
export type Language = "ko" | "en";

/** What one call may be told besides its body. */
export interface CallOptions {
  /** Ends the call, and the waiting for its answer. */
  signal?: AbortSignal | undefined;
  /** How long an answer of 202 `processing` is waited for, in ms; 0 = not at all. @default 60000 */
  waitMs?: number | undefined;
}

/** What every call of one client has in common. */
export interface CallContext {
  supabase: AnySupabase;
  prefix: string;
  region: string | null;
  language: Language | (() => Language) | undefined;
}

/** One function and how it is called. */
export interface Call extends CallOptions {
  name: string;
  body?: object;
  method?: "POST" | "DELETE" | "GET";
  /** Whether a lost answer may be asked for again: all but a checkout. @default true */
  repeatable?: boolean;
}

const PAUSE_MS = 2000;
/** Milliseconds before the same request goes out again after the network failed. */
const RETRY_MS = [400, 1600];

/** The language that the buyer reads. */
export function languageOf(
  { language }: Pick<CallContext, "language">,
): Language {
  const chosen = typeof language === "function" ? language() : language;
  return chosen ??
    (/^en\b/i.test(page.navigator?.language ?? "") ? "en" : "ko");
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
  });
}

async function problemOf(
  error: { message: string; context?: unknown },
  context: CallContext,
): Promise<Problem> {
  const response = error.context as Response | undefined;
  const status = response?.status ?? 0;
  const body = await response?.json?.().catch(() => null);
  if (body?.userMessage) return { ...body, status };
  return {
    code: "network_error",
    message: error.message,
    action: "retry",
    userMessage: languageOf(context) === "en"
      ? "The connection was lost. Please try again."
      : "연결이 끊겼어요. 다시 시도해 주세요.",
    retryable: true,
    status,
    cause: error,
  };
}

async function ask(
  context: CallContext,
  { name, body, method = "POST", signal }: Call,
): Promise<unknown> {
  const { supabase, prefix, region, language } = context;
  const { data, error } = await supabase.functions.invoke(prefix + name, {
    method,
    ...(body ? { body: body as Record<string, unknown> } : {}),
    ...(region ? { region: region as FunctionRegion } : {}),
    ...(language
      ? { headers: { "accept-language": languageOf(context) } }
      : {}),
    ...(signal ? { signal } : {}),
  });
  if (!error) return data;
  if (signal?.aborted) throw signal.reason;
  const about = body as { orderId?: string } | undefined;
  throw new TossPaymentsError({
    orderId: about?.orderId,
    ...await problemOf(error, context),
  });
}

async function askAgain(context: CallContext, call: Call): Promise<unknown> {
  for (let failures = 0;; failures++) {
    try {
      return await ask(context, call);
    } catch (error) {
      const wait = RETRY_MS[failures];
      const again = wait !== undefined && call.repeatable !== false &&
        error instanceof TossPaymentsError && error.retryable &&
        (error.status === 0 || error.status >= 500);
      if (!again) throw error;
      await pause(wait * (0.75 + Math.random() / 2), call.signal);
    }
  }
}

/**
 * Calls a function. A lost answer is asked for again, twice at most within about two seconds, where repeating is safe;
 * 202 is asked again every two seconds for `waitMs`.
 *
 * @returns the answer; `{ status: "processing" }` when it is not known after `waitMs`
 * @throws {TossPaymentsError} a refusal
 */
export async function callFunction<Answer>(
  context: CallContext,
  call: Call,
): Promise<Answer> {
  const end = Date.now() + (call.waitMs ?? 60_000);
  for (;;) {
    const answer = await askAgain(context, call);
    const { status } = (answer ?? {}) as { status?: unknown };
    if (status !== "processing" || Date.now() + PAUSE_MS > end) {
      return answer as Answer;
    }
    await pause(PAUSE_MS, call.signal);
  }
}
