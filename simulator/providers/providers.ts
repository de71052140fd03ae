import { Hono } from "hono";
import { listen } from "../http-server.ts";
import { isLoopbackHost } from "../loopback.ts";
import {
  CUT,
  type MailboxEntry,
  type ProviderFault,
  ProviderState,
} from "./mailbox.ts";
import { mailboxPage } from "./page.ts";
import { resendRoutes } from "./resend.ts";
import { solapiRoutes, type Templates } from "./solapi.ts";

export type { MailboxEntry, ProviderFault } from "./mailbox.ts";

/** A running Resend and a running Solapi, and what they have taken. */
export interface Providers {
  /** For `RESEND_API_BASE_URL`. */
  resendUrl: string;
  /** For `SOLAPI_API_BASE_URL`. */
  solapiUrl: string;
  /** For `SOLAPI_API_SECRET`. */
  solapiSecret: string;
  /** What was taken, the oldest first. */
  mailbox(): MailboxEntry[];
  /** What was asked, also what was refused. */
  requests(): { provider: "resend" | "solapi"; method: string; path: string }[];
  addFault(fault: ProviderFault): void;
  clearFaults(): void;
  /** Kakao's approved templates by id, with places such as `#{주문}`. */
  setTemplates(templates: Templates): void;
  /** The mailbox as a page. */
  page(): string;
  reset(): void;
  stop(): Promise<void>;
}

/**
 * Starts a simulated Resend and Solapi on 127.0.0.1.
 *
 * @param now the time of what they remember, milliseconds since the Unix epoch
 */
export async function startProviders(
  { port = 0, now = Date.now }: { port?: number; now?: () => number } = {},
): Promise<Providers> {
  const solapiSecret = "local-solapi-secret";
  const state = new ProviderState(now);
  let templates: Templates = {};
  const app = new Hono();
  app.use(async (c, next) => {
    // Nobody's page may read what buyers were sent.
    if (!isLoopbackHost(c.req.header("host") ?? "")) return c.notFound();
    await next();
  });
  app.route("/resend", resendRoutes(state));
  app.route(
    "/solapi",
    solapiRoutes(state, {
      apiSecret: solapiSecret,
      templates: () => templates,
    }),
  );
  app.get("/mailbox", (c) => c.html(mailboxPage(state.entries)));
  app.get("/mailbox.json", (c) => c.json(state.entries));
  const server = await listen(port, async (request, wire) => {
    const answer = await app.fetch(request);
    if (answer.headers.has(CUT)) wire.cutAfterBytes = 0;
    // A client would send a request again by itself when a kept connection breaks.
    wire.closeConnection = true;
    return answer;
  });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    resendUrl: `${url}/resend`,
    solapiUrl: `${url}/solapi`,
    solapiSecret,
    mailbox: () => [...state.entries],
    requests: () => [...state.requests],
    addFault: (fault) => void state.faults.push({ ...fault }),
    clearFaults: () => void (state.faults = []),
    setTemplates: (given) => void (templates = given),
    page: () => mailboxPage(state.entries),
    reset: () => state.reset(),
    stop: () => server.stop(),
  };
}
