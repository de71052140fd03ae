import { setTimeout } from "node:timers/promises";
import type { Sql } from "postgres";
import { startTransactions, type Transactions } from "./transactions.ts";

interface QueuedRequest {
  id: string;
  method: string;
  url: string;
  headers: Record<string, string> | null;
  body: Uint8Array | null;
  timeout_milliseconds: number;
}

interface Outcome {
  id: string;
  status_code: number | null;
  content_type: string | null;
  headers: string | null;
  content: string | null;
  timed_out: boolean | null;
  error_msg: string | null;
}

/** The running stand-in for pg_net's worker. */
export interface NetDriver {
  stop(): Promise<void>;
}

const STOP_MILLISECONDS = 5_000;

// pg_net's default for pg_net.batch_size.
const BATCH_SIZE = 200;

async function send(
  request: QueuedRequest,
  stopping: AbortSignal,
): Promise<Outcome> {
  const nothing = {
    id: request.id,
    status_code: null,
    content_type: null,
    headers: null,
    content: null,
  };
  try {
    const answer = await fetch(request.url, {
      method: request.method.toUpperCase(),
      headers: request.headers ?? {},
      body: request.body === null ? null : new Uint8Array(request.body),
      signal: AbortSignal.any([
        stopping,
        AbortSignal.timeout(request.timeout_milliseconds),
      ]),
    });
    return {
      id: request.id,
      status_code: answer.status,
      content_type: answer.headers.get("content-type"),
      headers: JSON.stringify(Object.fromEntries(answer.headers)),
      content: await answer.text(),
      timed_out: false,
      error_msg: null,
    };
  } catch (error) {
    const timedOut = error instanceof Error && error.name === "TimeoutError";
    const message = timedOut
      ? `Timeout of ${request.timeout_milliseconds} ms reached`
      : String(error instanceof Error ? error.message : error);
    return {
      ...nothing,
      timed_out: timedOut ? true : null,
      error_msg: message,
    };
  }
}

/** Waits for the end of something, or for no longer than {@linkcode STOP_MILLISECONDS}. */
async function withPatience(ending: Promise<unknown>): Promise<void> {
  const isOver = new AbortController();
  const patience = setTimeout(STOP_MILLISECONDS, null, {
    signal: isOver.signal,
  }).catch(() => undefined);
  await Promise.race([ending, patience]);
  isOver.abort();
}

async function sendBatch(
  transactions: Transactions,
  stopping: AbortSignal,
): Promise<number> {
  return await transactions.run(async (ask) => {
    const requests = await ask<QueuedRequest>`
      delete from net.http_request_queue
      where id in (
        select id from net.http_request_queue order by id limit ${BATCH_SIZE}
      )
      returning *`;
    const outcomes = await Promise.all(
      requests.map((request) => send(request, stopping)),
    );
    for (const outcome of outcomes) {
      await ask`
        insert into net._http_response
          (id, status_code, content_type, headers, content, timed_out, error_msg)
        values (
          ${outcome.id}, ${outcome.status_code}, ${outcome.content_type},
          ${outcome.headers}::text::jsonb, ${outcome.content},
          ${outcome.timed_out}, ${outcome.error_msg}
        )`;
    }
    return requests.length;
  });
}

/**
 * Sends what `net.http_post` and its sisters have queued, as pg_net does: a
 * batch at a time, no second try, and the answers become visible when the
 * slowest of the batch has ended.
 *
 * `sql` and `databaseUrl` must be the superuser's.
 */
export async function startNet(
  { sql, databaseUrl }: { sql: Sql; databaseUrl: string },
  log: (line: string) => void,
): Promise<NetDriver> {
  const stopping = new AbortController();
  // Postgres may go while a batch is on its way, for as long as its slowest answer takes.
  const transactions = startTransactions(databaseUrl);
  let working = Promise.resolve();
  const wake = () => {
    working = working.then(async () => {
      while (await sendBatch(transactions, stopping.signal) === BATCH_SIZE);
    }).catch((error) => log(`net: ${error.message}`));
  };
  const subscription = await sql.listen("net_wake", wake, wake);
  return {
    async stop() {
      stopping.abort();
      // After a crash of Postgres a session may stay silent for ever: what waits for it ends with its connection.
      await withPatience(subscription.unlisten().catch(() => undefined));
      await transactions.stop();
      await withPatience(working);
    },
  };
}
