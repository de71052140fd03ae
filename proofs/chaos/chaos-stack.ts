import { startSimulator } from "../../simulator/simulator.ts";
import type { Simulator } from "../../simulator/simulator.ts";
import {
  type Stack,
  type StackOptions,
  startStack,
} from "../../stack/stack.ts";
import { merchantsOf } from "../../stack/toss.ts";
import { waitUntil } from "../../stack/wait-until.ts";
import { createCutter, type Cutter } from "./cutter.ts";
import { SHOP_WITH_HOOK } from "./hook.ts";
import { type EventReceiver, startEventReceiver } from "./receiver.ts";

/** A webhook that was answered 200, which is a promise to keep. */
export interface AcceptedWebhook {
  eventId: string;
}

/** A stack whose every boundary can be cut, and whose clock can be moved. */
export interface ChaosStack {
  stack: Stack;
  simulator: Simulator;
  cutter: Cutter;
  /** Status codes of the webhook function's answers, oldest first. */
  webhookAnswers: number[];
  acceptedWebhooks: AcceptedWebhook[];
  /** The shop's server that hears of events. */
  receiver: EventReceiver;
  /** Moves Toss's clock and the database's together. */
  advance(seconds: number): Promise<void>;
  /** Resolves when nothing is on its way between functions, database and Toss. */
  idle(): Promise<void>;
  /** Restarts Postgres, unless that happens already. */
  restartPostgres(crash: boolean): Promise<void>;
  stop(): Promise<void>;
}

/** Toss's time to answer in these stacks; a lease is 5 s longer. */
export const TOSS_TIMEOUT_MILLISECONDS = 400;

/** A pair for each purpose, each of a merchant of its own: what one made does not exist for the others. */
const KEY_PAIRS = {
  TOSS_SECRET_KEY: "test_sk_chaoswindow",
  TOSS_CLIENT_KEY: "test_ck_chaoswindow",
  TOSS_WIDGET_SECRET_KEY: "test_gsk_chaoswidget",
  TOSS_WIDGET_CLIENT_KEY: "test_gck_chaoswidget",
  TOSS_BILLING_SECRET_KEY: "test_sk_chaosbilling",
  TOSS_BILLING_CLIENT_KEY: "test_ck_chaosbilling",
};

/** The client key of the pair that an order's row names. */
export const CLIENT_KEYS: Readonly<Record<string, string>> = {
  main: KEY_PAIRS.TOSS_CLIENT_KEY,
  widget: KEY_PAIRS.TOSS_WIDGET_CLIENT_KEY,
  billing: KEY_PAIRS.TOSS_BILLING_CLIENT_KEY,
};

/** Marks a request that Toss's own dashboard makes; no cut is meant for it. */
export const DASHBOARD = "x-dashboard";

/** Goods that never run out within a thousand runs. */
const CATALOGUE = `
  insert into public.products (id, name, price, stock) values
    ('chaos-unlimited', 'Unlimited', 3000, null),
    ('chaos-limited', 'Limited', 7000, 1000000);
  insert into public.plans (id, name, price, interval) values
    ('chaos-pass', 'Pass', 9900, 'month');`;

type Recorded = Pick<ChaosStack, "webhookAnswers" | "acceptedWebhooks">;

function unavailable(): Response {
  return Response.json({ message: "cut" }, { status: 503 });
}

/** Names a request to the gateway; null = none of the functions' business. */
function callName(url: string): string | null {
  const { pathname } = new URL(url);
  const procedure = /^\/rest\/v1\/rpc\/(\w+)$/.exec(pathname)?.[1];
  if (procedure !== undefined) return `rest.${procedure}`;
  const name = /^\/functions\/v1\/([\w-]+)/.exec(pathname)?.[1];
  return name === undefined ? null : `answer.${name}`;
}

/** Names a request to Toss by how it begins; the first that fits. */
const TOSS_CALLS: readonly [RegExp, string][] = [
  [/^POST \/v1\/payments\/confirm$/, "toss.confirm"],
  [/^POST \/v1\/payments\/[^/]+\/cancel$/, "toss.cancel"],
  [/^POST \/v1\/virtual-accounts$/, "toss.issue_virtual_account"],
  [/^GET \/v1\/payments\/orders\//, "toss.get_payment_by_order"],
  [/^POST \/v1\/cash-receipts$/, "toss.issue_cash_receipt"],
  [/^POST \/v1\/cash-receipts\/[^/]+\/cancel$/, "toss.cancel_cash_receipt"],
  [/^GET \/v1\/cash-receipts$/, "toss.list_cash_receipts"],
];

function tossCall({ method, url, headers }: Request): string {
  if (headers.has(DASHBOARD)) return "dashboard";
  const line = `${method} ${new URL(url).pathname}`;
  const named = TOSS_CALLS.find(([pattern]) => pattern.test(line));
  return named?.[1] ?? "toss.get_payment";
}

async function record(recorded: Recorded, answer: Response): Promise<void> {
  recorded.webhookAnswers.push(answer.status);
  if (answer.status !== 200) return;
  const { eventId } = await answer.clone().json();
  recorded.acceptedWebhooks.push({ eventId });
}

function interceptor(cutter: Cutter, recorded: Recorded) {
  return async (request: Request, forward: () => Promise<Response>) => {
    const call = callName(request.url);
    if (call === null) return await forward();
    const answer = await cutter.around(call, async () => {
      const given = await forward();
      // The whole answer, so that a kill afterwards cannot shorten it.
      const body = await given.arrayBuffer();
      const { status, headers } = given;
      return new Response(status === 204 ? null : body, { status, headers });
    }) ?? unavailable();
    if (call === "answer.webhook") await record(recorded, answer);
    return answer;
  };
}

/** Gives the database the simulator's time; it may be coming up again. */
async function followClock(stack: Stack, simulator: Simulator): Promise<void> {
  const moved = await waitUntil(async () => {
    const seconds = (simulator.now() - Date.now()) / 1000;
    return await stack.sql`
      update toss_private.clock set time_offset = make_interval(secs => ${seconds})`
      .then(() => true, () => false);
  }, { timeoutMs: 10_000 });
  if (!moved) throw new Error("the database does not come back");
}

async function becomeIdle(
  { stack, simulator, cutter }: Pick<
    ChaosStack,
    "stack" | "simulator" | "cutter"
  >,
): Promise<void> {
  const isIdle = () => cutter.inFlight() === 0;
  do {
    await simulator.settle();
    await stack.functionsSettled();
    await waitUntil(isIdle, { timeoutMs: 30_000, intervalMs: 5 });
    await stack.functionsSettled();
  } while (!isIdle());
}

/** Lets a server hear of every event. */
async function addEndpoint(stack: Stack, url: string): Promise<void> {
  const answer = await fetch(`${stack.functionsUrl}/webhook-endpoints`, {
    method: "POST",
    headers: { apikey: stack.secretKey, "content-type": "application/json" },
    body: JSON.stringify({ action: "create", url }),
  });
  const body = await answer.text();
  if (answer.status !== 201) throw new Error(`no endpoint: ${body}`);
}

/** Makes Postgres restart, once at a time. */
function restarter(stack: () => Stack): ChaosStack["restartPostgres"] {
  let restarting: Promise<void> | null = null;
  return async (crash) => {
    await (restarting ??= stack().restartPostgres({ crash })
      .finally(() => restarting = null));
  };
}

/** Starts it; the caller must `stop()` it. */
export async function startChaosStack(
  options: Pick<StackOptions, "log" | "functionsDirectory"> = {},
): Promise<ChaosStack> {
  await using cleanup = new AsyncDisposableStack();
  const recorded: Recorded = { webhookAnswers: [], acceptedWebhooks: [] };
  const restartPostgres = restarter(() => stack);
  const cutter = createCutter({
    kill: () => stack.killFunctions(),
    crash: () => restartPostgres(true),
  });
  const simulator = await startSimulator(
    { port: 0, secretKeys: merchantsOf(KEY_PAIRS) },
    (request, forward) => cutter.around(tossCall(request), forward),
  );
  cleanup.defer(() => simulator.stop());
  const stack: Stack = await startStack({
    tossApiBaseUrl: simulator.url,
    warmSpare: true,
    notices: true,
    intercept: interceptor(cutter, recorded),
    environment: {
      ...KEY_PAIRS,
      TOSS_TIMEOUT_MS: String(TOSS_TIMEOUT_MILLISECONDS),
      WEBHOOK_ALLOW_PRIVATE: "on",
    },
    ...options,
  });
  cleanup.defer(() => stack.stop());
  simulator.setWebhookUrls([`${stack.functionsUrl}/webhook`]);
  await stack.sql.unsafe(CATALOGUE);
  await stack.sql.unsafe(SHOP_WITH_HOOK).simple();
  const receiver = startEventReceiver();
  cleanup.defer(() => receiver.stop());
  await addEndpoint(stack, receiver.url);
  const parts = {
    ...{ stack, simulator, cutter, receiver },
    ...recorded,
    restartPostgres,
  };
  const owned = cleanup.move();
  return {
    ...parts,
    idle: () => becomeIdle(parts),
    async advance(seconds) {
      // A call lasts shorter than its lease in reality too.
      await becomeIdle(parts);
      await simulator.advance(seconds * 1000);
      await followClock(stack, simulator);
    },
    stop: () => owned.disposeAsync(),
  };
}
