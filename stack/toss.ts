import { SIMULATOR_KEYS, type SimulatorOptions } from "../simulator/options.ts";
import type { Simulator } from "../simulator/simulator.ts";

export type { Simulator, SimulatorOptions };

/** What decides which Toss the stack talks to. */
export interface TossOptions {
  port: number;
  /** Where the simulator sends its webhooks. */
  webhookUrl: string;
  /** The project's variables as given; a key pair in them is taken over. */
  given: Readonly<Record<string, string>>;
  /** Wins over everything above. */
  simulator: Partial<SimulatorOptions>;
}

/** What each pair of the project is to the simulator: a merchant of its own, so that none knows what another made. */
const MERCHANTS = [
  ["TOSS_SECRET_KEY", "TOSS_CLIENT_KEY", "tosssimulator"],
  ["TOSS_WIDGET_SECRET_KEY", "TOSS_WIDGET_CLIENT_KEY", "tosssimwidget"],
  ["TOSS_BILLING_SECRET_KEY", "TOSS_BILLING_CLIENT_KEY", "tosssimbilling"],
] as const;

/** The key pairs that a project's variables name; one that stands in two places is one. Without a main one, the simulator's own. */
export function merchantsOf(
  given: Readonly<Record<string, string>>,
): NonNullable<SimulatorOptions["secretKeys"]> {
  const pairs = MERCHANTS.flatMap(([secret, client, merchantId]) => {
    // While a secret key changes, the new one comes first.
    const secretKey = given[secret]?.split(",")[0]?.trim();
    const clientKey = given[client]?.trim();
    if (secretKey && clientKey) return { secretKey, clientKey, merchantId };
    return secret === "TOSS_SECRET_KEY" ? SIMULATOR_KEYS : [];
  });
  return pairs.filter((pair, index) =>
    index === pairs.findIndex(({ secretKey }) => secretKey === pair.secretKey)
  );
}

/**
 * Starts the Toss simulator for a stack.
 *
 * It is loaded only here: a stack that talks to another Toss does not pay for
 * it. Throws the system's error when the port is taken.
 */
export async function startToss(options: TossOptions): Promise<Simulator> {
  const { startSimulator } = await import("../simulator/simulator.ts");
  return await startSimulator({
    port: options.port,
    webhookUrls: [options.webhookUrl],
    secretKeys: merchantsOf(options.given),
    ...options.simulator,
  });
}
