import type { ReservedSql, Sql } from "postgres";
import { tellsLoss } from "./transactions.ts";

/** What only prepares the statement that follows; nobody reads its answer. */
const PREPARATION = /^\s*(?:begin|start transaction|select set_config\()/i;

/** A call of a function, whose result has the same columns for ever. */
const CALL = /^select \* from [\w."]+\(/i;

const ROLLBACK = /^\s*rollback\s*$/i;

const NOTHING = Object.assign([], { command: "SELECT", count: 0 });

function quoted(value: unknown): string {
  return `'${String(value).replaceAll("'", "''")}'`;
}

/** The statement with its values in it; `$10` comes before `$1`. */
function withValues(text: string, values: readonly unknown[]): string {
  return text.replaceAll(/\$(\d+)/g, (_, n) => quoted(values[Number(n) - 1]));
}

type Unsafe = (text: string, values?: unknown[]) => Promise<unknown>;

function unsafeOf(session: ReservedSql): Unsafe {
  let waiting: string[] = [];
  return async (text, values = []) => {
    if (PREPARATION.test(text)) {
      waiting.push(withValues(text, values));
      return NOTHING;
    }
    const scene = waiting.join(";");
    waiting = [];
    const prepare = CALL.test(text);
    // One after the other on the wire, without a wait between them. The first
    // failure is the one that says why.
    const [, answer] = await Promise.all([
      scene === "" ? null : session.unsafe(scene),
      session.unsafe(text, values as never[], { prepare }),
    ]);
    return answer;
  };
}

/**
 * Asks a session nothing more after its connection was lost: what the driver writes to one that is gone ends the
 * process. What was begun is undone with the session.
 */
function untilLost(ask: Unsafe, lose: () => void): Unsafe {
  let loss: { reason: unknown } | null = null;
  return async (text, values) => {
    if (loss !== null) {
      if (ROLLBACK.test(text)) return NOTHING;
      throw loss.reason;
    }
    try {
      return await ask(text, values);
    } catch (error) {
      if (tellsLoss(error)) {
        loss = { reason: error };
        lose();
      }
      throw error;
    }
  };
}

/**
 * Lets the Data API's sessions send what sets the scene of a request, a dozen `set_config` and more, together with the
 * request's own statement.
 *
 * Else every request waited for a dozen answers that nobody reads.
 */
export function saveRoundTrips(driver: Sql): void {
  const reserve = driver.reserve.bind(driver);
  driver.reserve = async () => {
    const session = await reserve();
    let isLost = false;
    return Object.assign(Object.create(session), {
      unsafe: untilLost(unsafeOf(session), () => isLost = true),
      release: () => {
        // A lost connection is nobody's already; given back, it would be taken for one that is open.
        if (!isLost) session.release();
      },
    });
  };
}
