import { createApp } from "./app.ts";
import { type Controls, createControls } from "./control/controls.ts";
import { listen } from "./http-server.ts";
import { parseOptions, type SimulatorOptions } from "./options.ts";
import { createState, emptyCollections } from "./state.ts";
import { createWebhookClient } from "./webhooks/post-webhook.ts";

/** A running simulator: its addresses, its keys and its controls. */
export interface Simulator extends Controls {
  /** `http://127.0.0.1:<port>`, for `TOSS_API_BASE_URL`. */
  url: string;
  /** The first secret key. */
  secretKey: string;
  /** The client key that belongs to `secretKey`. */
  clientKey: string;
  /** Ends every connection, timer and webhook; a second call does nothing. */
  stop(): Promise<void>;
}

/**
 * Meets every request before the simulator does: `forward` lets it have its effect; null breaks the connection instead
 * of an answer. For tests that cut at this boundary.
 */
export type Intercept = (
  request: Request,
  forward: () => Promise<Response>,
) => Promise<Response | null>;

async function readScript(...names: string[]): Promise<string> {
  const parts = names.map((name) =>
    Deno.readTextFile(new URL(`./window/${name}`, import.meta.url))
  );
  return (await Promise.all(parts)).join("\n");
}

/**
 * Starts a simulated Toss on 127.0.0.1.
 * Throws a `ZodError` for malformed options and the system's error when the
 * port is taken.
 */
export async function startSimulator(
  options: SimulatorOptions,
  intercept?: Intercept,
): Promise<Simulator> {
  const settings = parseOptions(options);
  const [keyPair] = settings.secretKeys;
  if (keyPair === undefined) throw new RangeError("a key pair is needed");
  const scripts = {
    sdk: await readScript("sdk-widgets.js", "sdk-script.js"),
    widget: await readScript("widget-script.js"),
  };
  const client = createWebhookClient(settings.webhookTimeoutMilliseconds);
  const stopping = new AbortController();
  const state = createState(settings, client.post, stopping.signal);
  const { clock, scheduler } = state;
  const controls = createControls(state, {
    closeIdleConnections: () => server.closeIdleConnections(),
    async reset() {
      scheduler.clear();
      await scheduler.settle();
      // Deliveries that just failed have planned their retries.
      scheduler.clear();
      clock.reset();
      await state.clockDriver?.reset();
      const time = { clock, scheduler, post: client.post };
      Object.assign(state, emptyCollections(settings, time));
    },
  });
  const app = createApp(state, controls, scripts);
  const server = await listen(
    settings.port,
    async (request, wire) => {
      const forward = async () => await app.fetch(request, { wire });
      if (intercept === undefined) return await forward();
      // A client would send a request again by itself when a kept connection breaks.
      wire.closeConnection = true;
      const answer = await intercept(request, forward);
      if (answer === null) wire.cutAfterBytes = 0;
      return answer ?? new Response(null);
    },
  );
  const url = `http://127.0.0.1:${server.port}`;
  state.publicUrl = settings.publicUrl ?? url;
  return {
    ...controls,
    url,
    ...keyPair,
    async stop() {
      if (stopping.signal.aborted) return;
      stopping.abort();
      client.close();
      await scheduler.settle();
      scheduler.clear();
      await server.stop();
    },
  };
}
