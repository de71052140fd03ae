import postgres, { type Sql } from "postgres";
import { createOperationContext } from "../../supabase/functions/_shared/operations/context.ts";
import { applyPayment } from "../../supabase/functions/_shared/database/apply-payment.ts";
import type { Database } from "../../supabase/functions/_shared/database/client.ts";
import { AppError } from "../../supabase/functions/_shared/http/app-error.ts";
import type { Caller } from "../../supabase/functions/_shared/http/authenticate.ts";
import type {
  Handler,
  RequestContext,
} from "../../supabase/functions/_shared/http/create-function.ts";
import { createLogger } from "../../supabase/functions/_shared/logger.ts";
import { paymentSnapshot } from "../../supabase/functions/_shared/operations/snapshot.ts";
import { createServices } from "../../supabase/functions/_shared/services.ts";
import { createTossClients } from "../../supabase/functions/_shared/toss/clients.ts";
import type { Simulator } from "../../simulator/simulator.ts";
import type { Stack } from "../../stack/stack.ts";
import { processEvent } from "../../supabase/functions/_shared/webhooks/process-event.ts";
import { storeDelivery } from "../../supabase/functions/_shared/webhooks/receive.ts";
import type { Fate } from "./charges.ts";
import type { FinalAction } from "./state.ts";

/** What a request was answered. */
export interface Answer {
  /** Null when the request was refused. */
  status: number | null;
  /** The code of a refusal, with the reason of an `invalid_request`. */
  refusal: string | null;
  body: Record<string, unknown>;
}

const CHARGE = /\/v1\/billing\/(?!authorizations)/;

/** What is asked, and what goes wrong meanwhile. */
export interface Call {
  body: unknown;
  method?: string;
  /** What becomes of Toss's next answer to a charge. */
  fate?: Fate;
  /** After how many steps of calls the process is killed; a call has two, its request and its answer. */
  kill?: number | null;
}

const KILLED: Answer = { status: null, refusal: "killed", body: {} };

/** One run of the code, from its start to its end or its death. */
class Life {
  readonly death: Promise<Answer>;
  #die: (answer: Answer) => void = () => {};
  #isDead = false;
  #stepsLeft: number;
  readonly #inFlight = new Set<Promise<unknown>>();

  constructor(public fate: Fate, kill: number | null) {
    this.#stepsLeft = kill ?? Infinity;
    this.death = new Promise((resolve) => this.#die = resolve);
  }

  /** Lets a call through, unless the process dies before it or before its answer. */
  async pass<Value>(call: () => Promise<Value>): Promise<Value> {
    await this.#step();
    const flying = call();
    this.#inFlight.add(flying);
    try {
      return await flying;
    } finally {
      this.#inFlight.delete(flying);
      await this.#step();
    }
  }

  async #step(): Promise<void> {
    if (!this.#isDead && this.#stepsLeft-- > 0) return;
    if (!this.#isDead) {
      this.#isDead = true;
      // What was sent arrives all the same.
      Promise.allSettled(this.#inFlight).then(() => this.#die(KILLED));
    }
    await new Promise(() => {});
  }
}

async function answerOf(work: () => Promise<Response>): Promise<Answer> {
  try {
    const response = await work();
    return {
      status: response.status,
      refusal: null,
      body: await response.json(),
    };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, message } = error;
    const refusal = code === "invalid_request"
      ? message.replace("action: ", `${code} `)
      : code;
    return { status: null, refusal, body: {} };
  }
}

/**
 * The functions and the database in this process: no gateway, no isolates, the same code.
 */
export class House {
  readonly sql: Sql;
  #services: RequestContext["services"];
  readonly #logger = createLogger({ sink: () => {} });

  constructor(readonly stack: Stack, readonly simulator: Simulator) {
    this.sql = postgres(stack.dbUrl, { max: 4, onnotice: () => {} });
    const made = createServices({
      environment: {
        ...stack.projectVariables,
        SUPABASE_URL: stack.apiUrl,
        SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({
          default: stack.publishableKey,
        }),
        SUPABASE_SECRET_KEYS: JSON.stringify({ default: stack.secretKey }),
      },
      fetch,
    });
    if (!made.ok) throw new Error(JSON.stringify(made.problems));
    this.#services = made.services;
  }

  /** What one run of the code reaches the world through. */
  #servicesOf(life: Life): RequestContext["services"] {
    const { toss } = this.#services.config;
    return {
      ...this.#services,
      database: this.#database(life),
      toss: (logger, witness) =>
        createTossClients(toss.pairs, {
          baseUrl: toss.apiBaseUrl,
          timeoutMs: toss.timeoutMs,
          fetch: (input, init) =>
            life.pass(() => this.#askToss(life, input, init)),
          logger,
        }, witness),
    };
  }

  #database(life: Life): Database {
    return {
      call: async (name, request, schema) => {
        const [row] = await life.pass(async () =>
          await this.sql`
            select public.${this.sql(name)}(${
            JSON.stringify(request)
          }::text::jsonb) as answer`
        );
        return schema.parse(row?.answer);
      },
    };
  }

  async #askToss(
    life: Life,
    input: Parameters<typeof fetch>[0],
    init?: RequestInit,
  ): Promise<Response> {
    const { url, method } = input instanceof Request
      ? input
      : new Request(input, init);
    if (life.fate === "answered" || !CHARGE.test(url) || method !== "POST") {
      return await fetch(input, init);
    }
    const fate = life.fate;
    life.fate = "answered";
    if (fate === "lost") await (await fetch(input, init)).arrayBuffer();
    throw new TypeError("connection lost");
  }

  #context(caller: Caller, life: Life): RequestContext {
    return {
      services: this.#servicesOf(life),
      caller,
      logger: this.#logger,
      requestId: "subscription-model",
      bodyLimit: Infinity,
    };
  }

  /** Hands a request to the code of a function, which may be killed while it works. */
  async call(
    handler: Handler,
    caller: Caller,
    { body, method = "POST", fate = "answered", kill = null }: Call,
  ): Promise<Answer> {
    const life = new Life(fate, kill);
    const request = new Request("http://house", {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const work = answerOf(() => handler(request, this.#context(caller, life)));
    return await Promise.race([work, life.death]);
  }

  /** A webhook about a payment came: Toss is asked, and its answer applied. */
  async hearOf(paymentKey: string, now: number): Promise<void> {
    const context = createOperationContext(
      this.#context({ kind: "secret" }, new Life("answered", null)),
      "webhook",
    );
    const found = await context.toss.of({
      tossKeys: "main",
      tossClientKey: null,
    }).getPayment(paymentKey);
    if (found.kind !== "answered") throw new Error(`Toss: ${found.kind}`);
    await applyPayment(context.database, {
      payment: paymentSnapshot(found.value),
      source: "webhook",
      askedAt: new Date(now).toISOString(),
      requestId: context.requestId,
    });
  }

  /** A webhook about a key that Toss removed came. */
  async hearOfRemoval(billingMethodId: string): Promise<void> {
    const [stored] = await this.sql<{ keyId: string; ciphertext: string }[]>`
      select key_id as "keyId", ciphertext from toss_private.billing_keys
      where billing_method_id = ${billingMethodId} and ciphertext is not null`;
    if (stored === undefined) return;
    const { keyring } = this.#services;
    const billingKey = await keyring.decrypt(stored, billingMethodId);
    const body = new TextEncoder().encode(JSON.stringify({
      eventType: "BILLING_DELETED",
      createdAt: "2027-01-01T00:00:00.000000",
      data: { billingKey, reason: null },
    }));
    const context = this.#context(
      { kind: "secret" },
      new Life("answered", null),
    );
    const event = await storeDelivery(
      { headers: new Headers(), body, provenBy: null },
      context.services,
    );
    await processEvent(createOperationContext(context, "webhook"), event);
  }

  /** What the shop has chosen for the end of the grace. */
  setFinalAction(finalAction: FinalAction): void {
    const { config } = this.#services;
    const dunning = { ...config.dunning, finalAction };
    this.#services = { ...this.#services, config: { ...config, dunning } };
  }

  async stop(): Promise<void> {
    await this.sql.end();
  }
}
