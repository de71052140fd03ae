/** The project that is examined, and what its operator knows about it. */
export interface DoctorTarget {
  /** The project's API, without `/rest/v1` and without a trailing slash. */
  url: string;
  secretKey: string;
  publishableKey: string | null;
  /** Compared with what the functions take; null = not known here. */
  cronSecret: string | null;
  /** The functions' variables as they were meant to be set; null = not known here. */
  variables: Readonly<Record<string, string>> | null;
  /** Of Supabase's management API; null = none. */
  accessToken: string | null;
}

/** What tests and the deployment replace. */
export interface DoctorOptions {
  /** @default globalThis.fetch */
  fetch?: typeof fetch;
  /** @default https://api.supabase.com */
  managementApiUrl?: string;
  /** How long pg_net may take to bring an answer, in milliseconds. @default 15000 */
  patienceMilliseconds?: number;
}

/** Whether the project runs on this machine, where no real money and no region are. */
export function isLocal({ url }: Pick<DoctorTarget, "url">): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" ||
    hostname.startsWith("127.");
}

/**
 * Which side a Supabase API key belongs to, by its form. Source: Supabase, API keys.
 *
 * @returns null when the form says nothing
 */
export function apiKeyKind(key: string): "secret" | "publishable" | null {
  if (key.startsWith("sb_secret_")) return "secret";
  if (key.startsWith("sb_publishable_")) return "publishable";
  const role = /"role"\s*:\s*"(\w+)"/.exec(legacyClaims(key))?.[1];
  if (role === "service_role") return "secret";
  return role === "anon" ? "publishable" : null;
}

/** The claims of a key from before 2025, which is a JWT. */
function legacyClaims(key: string): string {
  const claims = key.split(".")[1] ?? "";
  try {
    return atob(claims.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return "";
  }
}

/** The headers under which the Data API takes a key; legacy keys also name the role as bearer. */
export function keyHeaders(key: string): Record<string, string> {
  return key.startsWith("sb_")
    ? { apikey: key }
    : { apikey: key, authorization: `Bearer ${key}` };
}
