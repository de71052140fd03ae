/** One HTTP POST of a webhook. */
export interface WebhookPost {
  url: string;
  body: string;
  headers: Record<string, string>;
}

/** What the receiver answered, or why there was no answer. */
export interface WebhookPostOutcome {
  httpStatus: number | null;
  error: string | null;
}

/** Posts one webhook; never rejects. */
export type PostWebhook = (post: WebhookPost) => Promise<WebhookPostOutcome>;

/** The real `PostWebhook` and the way to release its connections. */
export interface WebhookClient {
  post: PostWebhook;
  close(): void;
}

/**
 * Builds a client that gives a receiver `timeoutMilliseconds` of real time.
 * It keeps no connection open: on a kept one fetch would send a broken POST
 * again by itself, and the history would miss that.
 */
export function createWebhookClient(
  timeoutMilliseconds: number,
): WebhookClient {
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const closing = new AbortController();
  const post: PostWebhook = async ({ url, body, headers }) => {
    const deadline = new AbortController();
    const timer = setTimeout(
      () => deadline.abort(new Error("no answer in time")),
      timeoutMilliseconds,
    );
    try {
      const response = await fetch(url, {
        method: "POST",
        body,
        headers,
        client,
        redirect: "manual",
        signal: AbortSignal.any([deadline.signal, closing.signal]),
      });
      await response.body?.cancel();
      return { httpStatus: response.status, error: null };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { httpStatus: null, error: message };
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    post,
    close: () => {
      closing.abort(new Error("the simulator stopped"));
      client.close();
    },
  };
}
