interface EdgeRuntimeGlobal {
  EdgeRuntime?: { waitUntil(promise: Promise<unknown>): void };
}

/**
 * Keeps the isolate alive until `work` has settled, where the platform offers that.
 *
 * Best effort: the platform may end the isolate anyway, so only work that a worker would find again belongs here
 * (Supabase: Functions, Background tasks).
 */
export function runAfterAnswer(work: Promise<unknown>): void {
  const runtime = (globalThis as EdgeRuntimeGlobal).EdgeRuntime;
  runtime?.waitUntil(work);
}
