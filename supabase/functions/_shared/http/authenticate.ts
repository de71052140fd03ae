import type { Config } from "../config.ts";
import { isEqualInConstantTime } from "../security/timing-safe-equal.ts";
import type { VerifyUser } from "../services.ts";
import type { AccessMode } from "./access.ts";
import { AppError } from "./app-error.ts";

/** Who is calling, as far as it is proven. */
export type Caller =
  | { kind: "anonymous" }
  | { kind: "publishable" }
  | { kind: "user"; userId: string }
  | { kind: "secret" }
  | { kind: "cron" };

/** What a header proves: a match, nothing (absent or not for us), or a credential that is wrong. */
type Proof = "match" | "absent" | "wrong";

function matchesAny(value: string, secrets: readonly string[]): boolean {
  // Every candidate is compared, so that the time does not tell which one matched.
  return secrets.map((secret) => isEqualInConstantTime(value, secret))
    .includes(true);
}

function keyProof(value: string | null, keys: readonly string[]): Proof {
  if (value === null) return "absent";
  return matchesAny(value, keys) ? "match" : "wrong";
}

function bearerToken(request: Request): string | null {
  const header = request.headers.get("authorization") ?? "";
  return /^Bearer\s+(\S+)$/i.exec(header)?.[1] ?? null;
}

/** supabase-js sends its API key as bearer while nobody is signed in. It proves nothing in that place. */
function isApiKey(token: string, config: Config): boolean {
  return token.startsWith("sb_") ||
    matchesAny(token, config.supabase.publishableKeys);
}

/**
 * Proves who calls and refuses whoever is not in `modes`. Deny by default.
 *
 * Keys travel in `apikey`; `Authorization: Bearer` carries a user's access token or CRON_SECRET. A credential
 * that is present but wrong is refused, never taken for a weaker one that would do.
 *
 * @throws AppError `unauthorized`
 */
export async function authenticate(
  request: Request,
  config: Config,
  modes: readonly AccessMode[],
  verifyUser: VerifyUser,
): Promise<Caller> {
  const apiKey = request.headers.get("apikey");
  const secret = keyProof(apiKey, config.supabase.secretKeys);
  const publishable = keyProof(apiKey, config.supabase.publishableKeys);
  const bearer = bearerToken(request);
  const token = bearer === null || isApiKey(bearer, config) ? null : bearer;

  if (modes.includes("secret") && secret === "match") return { kind: "secret" };
  if (modes.includes("cron") && bearer !== null) {
    if (isEqualInConstantTime(bearer, config.cronSecret)) {
      return { kind: "cron" };
    }
  }
  if (modes.includes("user") && token !== null) {
    const userId = await verifyUser(token);
    if (userId === null) {
      throw new AppError(
        "unauthorized",
        "The access token is not valid or has expired; sign in again.",
      );
    }
    return { kind: "user", userId };
  }
  if (modes.includes("publishable") && token === null) {
    if (publishable === "match") return { kind: "publishable" };
  }
  if (modes.includes("anyone")) {
    return secret === "match" ? { kind: "secret" } : { kind: "anonymous" };
  }
  throw new AppError(
    "unauthorized",
    `This function needs one of: ${modes.map(credentialFor).join(", ")}.`,
  );
}

function credentialFor(mode: AccessMode): string {
  switch (mode) {
    case "user":
      return "a user's access token (Authorization: Bearer)";
    case "publishable":
      return "the publishable key (apikey)";
    case "secret":
      return "a secret key (apikey)";
    case "cron":
      return "CRON_SECRET (Authorization: Bearer)";
    case "anyone":
      return "nothing";
  }
}
