/** Longer than a provider takes when it works. */
const TIMEOUT_MILLISECONDS = 10_000;

/** Its answers are short; what is longer is not one of them. */
const ANSWER_BYTES = 64 * 1024;

/** A provider's answer; `body` is null when it is no JSON object. */
export interface ProviderAnswer {
  status: number;
  body: Record<string, unknown> | null;
  /** From `retry-after`, when it gives seconds. */
  retryAfterSeconds: number | undefined;
}

/**
 * Asks a provider of notices.
 *
 * @returns null when no whole answer came within 10 s
 */
export async function callProvider(
  fetcher: typeof fetch,
  url: string,
  init: RequestInit,
): Promise<ProviderAnswer | null> {
  try {
    const response = await fetcher(url, {
      ...init,
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    });
    const text = await readText(response);
    const after = Number(response.headers.get("retry-after") ?? Number.NaN);
    return {
      status: response.status,
      body: text === null ? null : objectOf(text),
      retryAfterSeconds: Number.isFinite(after) && after >= 0
        ? after
        : undefined,
    };
  } catch {
    return null;
  }
}

async function readText(response: Response): Promise<string | null> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > ANSWER_BYTES) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function objectOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Record<string, unknown>
      : null;
  } catch {
    return null;
  }
}
