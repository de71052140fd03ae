import type { SimulatorOptions } from "../simulator/options.ts";
import type { Simulator } from "../simulator/simulator.ts";

export type { Simulator, SimulatorOptions };

/** What decides which Toss the stack talks to. */
export interface TossOptions {
  port: number;
  /** Where the simulator sends its webhooks. */
  webhookUrl: string;
  /** The project's variables as given; a key pair in them is taken over. */
  given: Record<string, string>;
  /** Wins over everything above. */
  simulator: Partial<SimulatorOptions>;
}

/**
 * Starts the Toss simulator for a stack.
 *
 * It is loaded only here: a stack that talks to another Toss does not pay for
 * it. Throws the system's error when the port is taken.
 */
export async function startToss(options: TossOptions): Promise<Simulator> {
  const { startSimulator } = await import("../simulator/simulator.ts");
  const { TOSS_SECRET_KEY: secretKey, TOSS_CLIENT_KEY: clientKey } =
    options.given;
  return await startSimulator({
    port: options.port,
    webhookUrls: [options.webhookUrl],
    ...(secretKey && clientKey
      ? { secretKeys: [{ secretKey, clientKey }] }
      : {}),
    ...options.simulator,
  });
}
