import type { KeyPair } from "../options.ts";
import type { SimulatorState } from "../state.ts";

/** The key pair of a client key, or the first one; throws a `RangeError` when it is unknown. */
export function keyPairOf(
  state: SimulatorState,
  clientKey: string | undefined,
): KeyPair {
  const keyPair = state.settings.secretKeys.find((pair) =>
    clientKey === undefined || pair.clientKey === clientKey
  );
  if (keyPair === undefined) {
    throw new RangeError(`unknown client key ${clientKey}`);
  }
  return keyPair;
}
