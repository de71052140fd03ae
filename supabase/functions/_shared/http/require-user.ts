import { AppError } from "./app-error.ts";
import type { Caller } from "./authenticate.ts";

/** The signed-in user's id; @throws AppError `unauthorized` for everybody else. */
export function requireUser(caller: Caller): string {
  if (caller.kind === "user") return caller.userId;
  throw new AppError(
    "unauthorized",
    "This needs a user's access token (Authorization: Bearer).",
  );
}
