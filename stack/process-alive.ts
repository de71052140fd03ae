import { kill } from "node:process";

/**
 * Tells whether a process with this id exists, also when it belongs to
 * another user. A recycled id counts as alive.
 */
export function isProcessAlive(pid: number): boolean {
  try {
    kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
