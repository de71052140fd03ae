import {
  isAuthRetryableFetchError,
  type SupabaseClient,
} from "@supabase/supabase-js";
import { DatabaseError } from "./client.ts";

/** Checks a user's access token with Supabase Auth: the user's id, or null when it is not valid. */
export type VerifyUser = (accessToken: string) => Promise<string | null>;

/** The part of Supabase Auth that checks tokens. */
export type TokenChecker = Pick<SupabaseClient["auth"], "getClaims">;

/**
 * Makes the check of access tokens: asymmetric ones with the project's JWKS, legacy ones by Auth itself.
 *
 * A token whose parts are no JSON, or whose algorithm is not that of its key, makes the client throw something
 * else than its own errors; it is not valid like any other.
 *
 * @throws DatabaseError when Auth is away: that says nothing about the token, and the buyer must not be told to
 * sign in again
 */
export function createVerifyUser(auth: TokenChecker): VerifyUser {
  return async (accessToken) => {
    const claims = await readClaims(auth, accessToken);
    if (claims === null) return null;
    const { sub, role } = claims;
    return role === "authenticated" && typeof sub === "string" ? sub : null;
  };
}

async function readClaims(auth: TokenChecker, accessToken: string) {
  const { data, error } = await auth.getClaims(accessToken)
    .catch(() => ({ data: null, error: null }));
  if (isAuthRetryableFetchError(error)) {
    throw new DatabaseError("Auth did not answer");
  }
  return error === null && data !== null ? data.claims : null;
}
