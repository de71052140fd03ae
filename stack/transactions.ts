import postgres, { type ReservedSql, type Sql } from "postgres";

/** Asks within a transaction; a tagged template as the driver's own. */
export type Ask = <Row extends object>(
  template: TemplateStringsArray,
  ...values: readonly (string | number | boolean | null)[]
) => Promise<Row[]>;

/** Transactions that live through the loss of their server. */
export interface Transactions {
  /** One at a time. Rejects when the server goes, and connects anew for the next. */
  run<Result>(work: (ask: Ask) => Promise<Result>): Promise<Result>;
  stop(): Promise<void>;
}

/** A connection whose answer was lost would never end by itself. */
const STOP_SECONDS = 5;

/** Of a server that ends a session by its own decision: nothing may be asked after it. */
const SESSION_ENDS = /^57P0[123]$/;

/** Whether what a statement failed with says that its connection is gone, or about to go. */
export function tellsLoss(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return typeof code === "string" &&
    (code.startsWith("CONNECTION_") || SESSION_ENDS.test(code));
}

/** A client that is thrown away with its connection: one that has connected anew may stay silent for ever. */
interface Client {
  sql: Sql;
  isLost: boolean;
}

function connect(databaseUrl: string): Client {
  const client: Client = {
    sql: postgres(databaseUrl, {
      max: 1,
      onnotice: () => {},
      onclose: () => client.isLost = true,
    }),
    isLost: false,
  };
  return client;
}

function askOf(client: Client, session: ReservedSql): Ask {
  return async (template, ...values) => {
    if (client.isLost) throw new Error("the server went in a transaction");
    try {
      return await session(template, ...values);
    } catch (error) {
      client.isLost ||= tellsLoss(error);
      throw error;
    }
  };
}

async function within<Result>(
  client: Client,
  work: (ask: Ask) => Promise<Result>,
): Promise<Result> {
  const session = await client.sql.reserve();
  const ask = askOf(client, session);
  try {
    await ask`begin`;
    const result = await work(ask);
    await ask`commit`;
    return result;
  } catch (error) {
    // A server that went has rolled back already.
    if (!client.isLost) await ask`rollback`;
    throw error;
  } finally {
    if (!client.isLost) session.release();
  }
}

/**
 * Opens a connection of its own, for work that a restart of Postgres may meet in the middle.
 *
 * The driver's own `begin()` writes `rollback` to a connection that is gone, in a later turn of the event loop, where
 * nobody can catch what it throws: the process ends (github.com/porsager/postgres/issues/1208 and 1154).
 */
export function startTransactions(databaseUrl: string): Transactions {
  let client = connect(databaseUrl);
  return {
    async run(work) {
      if (client.isLost) {
        await client.sql.end({ timeout: 0 });
        client = connect(databaseUrl);
      }
      return await within(client, work);
    },
    stop: () => client.sql.end({ timeout: STOP_SECONDS }),
  };
}
