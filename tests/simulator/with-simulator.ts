import type { SimulatorOptions } from "../../simulator/options.ts";
import type { AnswerBody } from "./toss-client.ts";
import { type Simulator, startSimulator } from "../../simulator/simulator.ts";

/** Runs `body` against a fresh simulator and stops it. */
export async function withSimulator(
  body: (simulator: Simulator) => Promise<void>,
  options: Partial<SimulatorOptions> = {},
): Promise<void> {
  const simulator = await startSimulator({ port: 0, ...options });
  try {
    await body(simulator);
  } finally {
    await simulator.stop();
  }
}

/** One webhook as a receiver saw it. */
export interface ReceivedWebhook {
  headers: Headers;
  text: string;
  json: { eventType: string; createdAt: string; data: AnswerBody };
}

/** A webhook receiver whose answers the test chooses. */
export interface Receiver {
  url: string;
  received: ReceivedWebhook[];
  /** The status of the next answers; 200 at the start. */
  answer(status: number): void;
}

/** Runs `body` with a webhook receiver and a simulator that sends to it. */
export async function withReceiver(
  body: (simulator: Simulator, receiver: Receiver) => Promise<void>,
  options: Partial<SimulatorOptions> = {},
): Promise<void> {
  const received: ReceivedWebhook[] = [];
  let status = 200;
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const text = await request.text();
      received.push({ headers: request.headers, text, json: JSON.parse(text) });
      return new Response(null, { status });
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}/webhook`;
  const receiver: Receiver = {
    url,
    received,
    answer(next) {
      status = next;
    },
  };
  try {
    await withSimulator((simulator) => body(simulator, receiver), {
      webhookUrls: [url],
      ...options,
    });
  } finally {
    await server.shutdown();
  }
}

/** An order as tests use it. */
export const ORDER = { orderId: "order-0001", amount: 15_000 };

/** Milliseconds of a minute. */
export const MINUTE = 60_000;
