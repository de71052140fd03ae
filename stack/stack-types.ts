import type { Sql } from "postgres";
import type { ClockSpan } from "../simulator/clock-span.ts";
import type { Providers } from "../simulator/providers/providers.ts";
import type { Intercept, RestRequest } from "./gateway.ts";
import type { Simulator, SimulatorOptions } from "./toss.ts";

/** How a stack starts. Every port may be 0, which takes a free one. */
export interface StackOptions {
  /** Port of the gateway. @default 0 */
  port?: number;
  /** Port of Postgres. @default 0 */
  dbPort?: number;
  /** Port of the Toss simulator. @default 0 */
  tossSimulatorPort?: number;
  /** Port of the web page; undefined = no page. */
  webPort?: number;
  /** Serves the example shop on the web page's port, once `buildShop` has built it. @default false */
  shop?: boolean;
  /** Port that takes webhooks alone, for a tunnel; undefined = none. */
  webhookPort?: number;
  /** Folder that keeps the data; null = temporary. @default null */
  dbDir?: string | null;
  /** Throws the data of `dbDir` away first. @default false */
  reset?: boolean;
  /** Variables of `.env.example`; they win over the local defaults. */
  environment?: Record<string, string>;
  /** Another Toss; no simulator is started then. */
  tossApiBaseUrl?: string;
  /** Version of Deno for the functions, for example `2.1.4`. */
  functionsDeno?: string;
  /** Keeps a loaded second functions process from the start. @default false */
  warmSpare?: boolean;
  /** Runs the jobs of `cron.job` when they fall due. @default false */
  cron?: boolean;
  /** Runs `supabase/seed.sql` on a new database. @default true */
  seed?: boolean;
  /** @default the project's `supabase/functions` */
  functionsDirectory?: string;
  /** @default the project's `supabase/migrations` */
  migrationsDirectory?: string;
  /** @default the project's `supabase/seed.sql` */
  seedFile?: string;
  /** Takes what the parts have to say, a line at a time. @default nothing */
  log?: (line: string) => void;
  /** Is told of every request below `/rest/v1`. */
  onRestRequest?: (request: RestRequest) => void;
  /** Meets every request to the Data API and the functions; may cut it. */
  intercept?: Intercept;
  /** Starts a Resend and a Solapi of its own, and tells buyers through them. @default false */
  notices?: boolean;
  /** Options for the simulator, which win over the stack's own. */
  simulator?: Partial<SimulatorOptions>;
}

/** A running stack. */
export interface Stack {
  /** `http://127.0.0.1:<port>`, what SUPABASE_URL is on the platform. */
  apiUrl: string;
  /** `<apiUrl>/functions/v1`. */
  functionsUrl: string;
  /** Connection string of role `postgres`. */
  dbUrl: string;
  publishableKey: string;
  secretKey: string;
  jwtSecret: string;
  cronSecret: string;
  tossApiBaseUrl: string;
  /** Null when another Toss is used. */
  simulator: Simulator | null;
  /** The stack's own Resend and Solapi; null = none. */
  providers: Providers | null;
  /** Address of the web page; null = none. */
  webUrl: string | null;
  /** Builds the example shop's pages where that is not done yet; the folder that has them. Throws when it fails, and without `shop`. */
  buildShop(): Promise<string>;
  /** The port that takes webhooks alone; null = none. */
  webhookPort: number | null;
  /** Client of the superuser for tests and checks. */
  sql: Sql;
  /** Every request below `/rest/v1` so far, for counting round trips. */
  restRequests: (RestRequest & { at: Date })[];
  /** The variables that the functions see beside the platform's own. */
  projectVariables: Record<string, string>;
  /** SIGKILLs the functions process; the next one takes over at once. */
  killFunctions(): Promise<void>;
  /** Ends the functions process; the next request meets the code as it is now. */
  reloadFunctions(): Promise<void>;
  /** Resolves when no `EdgeRuntime.waitUntil` promise is pending. */
  functionsSettled(): Promise<void>;
  /** Restarts Postgres; `crash` drops everything without a flush. */
  restartPostgres(options?: { crash?: boolean }): Promise<void>;
  /** Runs one job of `cron.job` now. Throws when there is none so named. */
  runCronJob(name: string): Promise<void>;
  /** The time of every rule in SQL, which `advanceClock` moves. */
  now(): Promise<Date>;
  /**
   * Moves the database's clock and the simulator's by the same amount, by a
   * span or until the database's shows a moment. What falls due at the
   * simulator on the way happens at its own time on both clocks, after the
   * functions have worked off what is theirs.
   *
   * Throws `ClockRefusedError` with other than test keys, and when there is no
   * simulator or no clock in the database; `RangeError` for a moment that is over.
   */
  advanceClock(target: ClockSpan | Date): Promise<void>;
  /** Puts both clocks back to the real time. */
  resetClock(): Promise<void>;
  /** The variables that `status` prints. */
  variables(): Record<string, string>;
  /** Stops everything the stack has started. */
  stop(): Promise<void>;
}
