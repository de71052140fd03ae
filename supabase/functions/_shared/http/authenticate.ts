import type { Config } from "../config/config.ts";
import { isEqualInConstantTime } from "../security/timing-safe-equal.ts";
import type { VerifyUser } from "../database/verify-user.ts";
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

/** What the authorization header carries. */
type Bearer =
  /** Nothing, or the key of `apikey` once more, as supabase-js sends it while nobody is signed in. */
  | { kind: "nothing" }
  | { kind: "cron" }
  /** Has the form of an access token (RFC 7519, section 3); nothing else is known of it. */
  | { kind: "token"; token: string }
  | { kind: "wrong" };

const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]*$/;

function readBearer(request: Request, config: Config): Bearer {
  const header = request.headers.get("authorization") ?? "";
  if (header === "") return { kind: "nothing" };
  const value = /^Bearer\s+(\S+)$/i.exec(header)?.[1];
  if (value === undefined) return { kind: "wrong" };
  const { publishableKeys, secretKeys } = config.supabase;
  const repeated = request.headers.get("apikey") === value ? secretKeys : [];
  if (matchesAny(value, [...publishableKeys, ...repeated])) {
    return { kind: "nothing" };
  }
  if (isEqualInConstantTime(value, config.cronSecret)) return { kind: "cron" };
  return TOKEN.test(value)
    ? { kind: "token", token: value }
    : { kind: "wrong" };
}

function refuse(message: string): never {
  throw new AppError("unauthorized", message);
}

/**
 * Refuses a credential that cannot be right here, whatever else the request brings.
 *
 * An access token is left unread where `user` is no mode and the function is open: an expired session must not
 * keep a buyer who has paid from `confirm`.
 */
function refuseWrong(
  proof: { secret: Proof; publishable: Proof; bearer: Bearer },
  modes: readonly AccessMode[],
): void {
  const { secret, publishable, bearer } = proof;
  if (secret === "wrong" && publishable === "wrong") {
    refuse("apikey is no key of this project.");
  }
  const isUnreadable = bearer.kind === "token" && !modes.includes("user") &&
    !modes.includes("anyone");
  const isMisplaced = bearer.kind === "cron" && !modes.includes("cron");
  if (bearer.kind === "wrong" || isUnreadable || isMisplaced) {
    refuse(
      `Authorization carries no credential that this function takes; it needs one of: ${
        modes.map(credentialFor).join(", ")
      }.`,
    );
  }
}

/**
 * Proves who calls and refuses whoever is not in `modes`. Deny by default.
 *
 * Keys travel in `apikey`; `Authorization: Bearer` carries a user's access token or CRON_SECRET. A credential
 * that is present but wrong is refused, also beside a right one, and never taken for a weaker one that would do.
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
  const bearer = readBearer(request, config);
  refuseWrong({ secret, publishable, bearer }, modes);

  const userId = modes.includes("user") && bearer.kind === "token"
    ? await verifyUser(bearer.token)
    : undefined;
  if (userId === null) {
    refuse("The access token is not valid or has expired; sign in again.");
  }
  if (modes.includes("secret") && secret === "match") return { kind: "secret" };
  if (modes.includes("cron") && bearer.kind === "cron") return { kind: "cron" };
  if (userId !== undefined) return { kind: "user", userId };
  if (modes.includes("publishable") && publishable === "match") {
    return { kind: "publishable" };
  }
  if (modes.includes("anyone")) {
    return secret === "match" ? { kind: "secret" } : { kind: "anonymous" };
  }
  refuse(
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

/** The signed-in user's id; @throws AppError `unauthorized` for everybody else. */
export function requireUser(caller: Caller): string {
  if (caller.kind === "user") return caller.userId;
  throw new AppError(
    "unauthorized",
    "This needs a user's access token (Authorization: Bearer).",
  );
}
