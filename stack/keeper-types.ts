import type { PostgresCommand } from "./postgres-account.ts";

/** What the keeper is started with, as JSON in its first argument. */
export interface KeeperPlan extends PostgresCommand {
  logFile: string;
  /** Removed at the end; null = the data stays. */
  temporaryDirectory: string | null;
}

/** What the stack tells the keeper, one JSON object a line. */
export type KeeperCommand =
  /** End this process when the stack is gone. */
  | { type: "guard"; pid: number }
  /** The process has ended; its id may be anybody's now. */
  | { type: "release"; pid: number }
  /** SIGINT rolls back and flushes, SIGQUIT drops everything as a crash does. */
  | { type: "restart"; signal: "SIGINT" | "SIGQUIT" };

/** What the keeper tells the stack, one JSON object a line. */
export type KeeperEvent =
  | { type: "ready" }
  /** Postgres ended without being asked; `log` holds its last lines. */
  | { type: "exited"; code: number; log: string[] }
  | { type: "stopped" };
