import postgres, { type Sql } from "postgres";
import { createOperationContext } from "../../supabase/functions/_shared/operations/create-context.ts";
import { applyPayment } from "../../supabase/functions/_shared/database/apply-payment.ts";
import type { Database } from "../../supabase/functions/_shared/database/client.ts";
import { AppError } from "../../supabase/functions/_shared/http/app-error.ts";
import type { Caller } from "../../supabase/functions/_shared/http/authenticate.ts";
import type {
  Handler,
  RequestContext,
} from "../../supabase/functions/_shared/http/create-function.ts";
import { createLogger } from "../../supabase/functions/_shared/logger.ts";
import { paymentSnapshot } from "../../supabase/functions/_shared/payments/snapshot.ts";
import { createServices } from "../../supabase/functions/_shared/services.ts";
import { createTossClient } from "../../supabase/functions/_shared/toss/client.ts";
import type { Simulator } from "../simulator/simulator.ts";
import type { Stack } from "../stack/stack.ts";
import type { Fate } from "./charges.ts";

/** What a request was answered. */
export interface Answer {
  /** Null when the request was refused. */
  status: number | null;
  /** The code of a refusal, with the reason of an `invalid_request`. */
  refusal: string | null;
  body: Record<string, unknown>;
}

const CHARGE = /\/v1\/billing\/(?!authorizations)/;

/**
 * The functions and the database in this process: no gateway, no isolates, the same code.
 *
 * Toss's next answer to a charge can be lost, or its request.
 */
export class House {
  readonly sql: Sql;
  fate: Fate = "answered";
  readonly #services: RequestContext["services"];
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
    const { toss } = made.services.config;
    this.#services = {
      ...made.services,
      database: this.#database(),
      toss: (logger) =>
        createTossClient({
          secretKey: toss.secretKey,
          baseUrl: toss.apiBaseUrl,
          timeoutMs: toss.timeoutMs,
          fetch: (input, init) => this.#askToss(input, init),
          logger,
        }),
    };
  }

  #database(): Database {
    return {
      call: async (name, request, schema) => {
        const [row] = await this.sql`
          select public.${this.sql(name)}(${
          JSON.stringify(request)
        }::text::jsonb) as answer`;
        return schema.parse(row?.answer);
      },
    };
  }

  async #askToss(
    input: Parameters<typeof fetch>[0],
    init?: RequestInit,
  ): Promise<Response> {
    const { url, method } = input instanceof Request
      ? input
      : new Request(input, init);
    if (this.fate === "answered" || !CHARGE.test(url) || method !== "POST") {
      return await fetch(input, init);
    }
    const fate = this.fate;
    this.fate = "answered";
    if (fate === "lost") await (await fetch(input, init)).arrayBuffer();
    throw new TypeError("connection lost");
  }

  #context(caller: Caller): RequestContext {
    return {
      services: this.#services,
      caller,
      logger: this.#logger,
      requestId: "subscription-model",
    };
  }

  /** Hands a request to the code of a function. */
  async call(
    handler: Handler,
    caller: Caller,
    body: unknown,
    method = "POST",
  ): Promise<Answer> {
    const request = new Request("http://house", {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    try {
      const response = await handler(request, this.#context(caller));
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

  /** A webhook about a payment came: Toss is asked, and its answer applied. */
  async hearOf(paymentKey: string, now: number): Promise<void> {
    const context = createOperationContext(
      this.#context({ kind: "secret" }),
      "webhook",
    );
    const found = await context.toss.getPayment(paymentKey);
    if (found.kind !== "answered") throw new Error(`Toss: ${found.kind}`);
    await applyPayment(context.database, {
      payment: paymentSnapshot(found.value),
      source: "webhook",
      askedAt: new Date(now).toISOString(),
      requestId: context.requestId,
    });
  }

  async stop(): Promise<void> {
    await this.sql.end();
  }
}
