import { clientOver, type TossClient } from "./client.ts";
import { doubtingRequest, type Witness } from "./doubting-request.ts";
import {
  KEY_VARIABLES,
  type KeyPairs,
  TOSS_KEYS,
  type TossKeys,
} from "./key-pairs.ts";
import type { TossUnknown } from "./outcome.ts";
import {
  createTossRequest,
  type TossConnection,
  type TossLogger,
  type TossRequest,
} from "./request.ts";

/** With which pair something was made at Toss; `tossClientKey` is what the pair's was then, null when nobody told. */
export type MadeWith = {
  readonly tossKeys: TossKeys;
  readonly tossClientKey: string | null;
};

/** Toss through each of the shop's key pairs. */
export type TossClients = {
  /**
   * Toss, asked with the pair that made a payment, an order, a card or a
   * registration. To any other one Toss says that there is no such thing,
   * which proves nothing.
   */
  of(made: MadeWith): TossClient;
  /** The pairs that are set now. */
  readonly present: readonly MadeWith[];
};

/** A payment that Toss approved under a pair when it had a client key, by its paymentKey; null when there is none. */
export type TossWitness = (
  made: { tossKeys: TossKeys; tossClientKey: string },
) => Promise<string | null>;

/**
 * Makes the clients of every pair; see `createTossClient()`.
 *
 * Where a pair is not set (any more), each call ends as `unknown` before
 * anything is sent, so that what it made waits until the pair is back. Where
 * another one is set in its place, Toss's no is `unknown` as well, unless both
 * open the same merchant id; see `doubtingRequest()`.
 *
 * @param witness finds a payment that Toss must know under an earlier key.
 */
export function createTossClients(
  pairs: KeyPairs,
  connection: Omit<TossConnection, "secretKey">,
  witness: TossWitness,
): TossClients {
  const clients = new Map<string, TossClient>();
  const requestOf = ({ tossKeys, tossClientKey }: MadeWith): TossRequest => {
    const pair = pairs[tossKeys];
    if (pair === null) return withoutKeys(tossKeys, connection.logger);
    const { secretKey, clientKey } = pair;
    const request = createTossRequest({ ...connection, secretKey });
    if (tossClientKey === null || tossClientKey === clientKey) return request;
    const find: Witness = () => witness({ tossKeys, tossClientKey });
    return doubtingRequest(request, find, connection.logger);
  };
  return {
    present: TOSS_KEYS.flatMap((tossKeys) => {
      const pair = pairs[tossKeys];
      return pair === null ? [] : [{ tossKeys, tossClientKey: pair.clientKey }];
    }),
    of(made) {
      const name = `${made.tossKeys} ${made.tossClientKey}`;
      const client = clients.get(name) ?? clientOver(requestOf(made));
      clients.set(name, client);
      return client;
    },
  };
}

/** The code under which something waits for a pair that is not set. */
export const KEYS_MISSING = "TOSS_KEYS_MISSING";

function withoutKeys(
  keys: TossKeys,
  logger: TossLogger | undefined,
): TossRequest {
  const { secretKey, clientKey } = KEY_VARIABLES[keys];
  const outcome: TossUnknown = {
    kind: "unknown",
    reason: "keys_missing",
    code: KEYS_MISSING,
    answered: false,
    message: `${secretKey} and ${clientKey} are not set, and this was made ` +
      "with them; put them back.",
    traceId: null,
  };
  return ({ operation }) => {
    logger?.error("toss_keys_missing", { operation, keys });
    return Promise.resolve(outcome);
  };
}
