import { clientOver, createTossClient, type TossClient } from "./client.ts";
import { KEY_VARIABLES, type KeyPairs, type TossKeys } from "./key-pairs.ts";
import type { TossUnknown } from "./outcome.ts";
import type { TossConnection, TossLogger } from "./request.ts";

/** Toss through each of the shop's key pairs. */
export type TossClients = {
  /**
   * Toss, asked with one pair. Whoever asks about a payment, an order or a
   * billing key takes the pair that made it: to any other one Toss says that
   * there is no such thing, which proves nothing.
   */
  of(keys: TossKeys): TossClient;
};

/**
 * Makes the clients of every pair; see `createTossClient()`.
 *
 * Where a pair is not set (any more), each call ends as `unknown` before
 * anything is sent, so that what it made waits until the pair is back.
 */
export function createTossClients(
  pairs: KeyPairs,
  connection: Omit<TossConnection, "secretKey">,
): TossClients {
  const clients = new Map<TossKeys, TossClient>();
  const make = (keys: TossKeys): TossClient => {
    const pair = pairs[keys];
    return pair === null
      ? clientWithoutKeys(keys, connection.logger)
      : createTossClient({ ...connection, secretKey: pair.secretKey });
  };
  return {
    of(keys) {
      const client = clients.get(keys) ?? make(keys);
      clients.set(keys, client);
      return client;
    },
  };
}

/** The code under which an operation waits for a pair that is not set. */
export const KEYS_MISSING = "TOSS_KEYS_MISSING";

function clientWithoutKeys(
  keys: TossKeys,
  logger: TossLogger | undefined,
): TossClient {
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
  return clientOver(({ operation }) => {
    logger?.error("toss_keys_missing", { operation, keys });
    return Promise.resolve(outcome);
  });
}
