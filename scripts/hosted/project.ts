import { join } from "node:path";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { UsageError } from "../door/errors.ts";
import {
  type DatabaseAddress,
  readDatabaseAddress,
} from "./database-address.ts";

/** The Supabase project that a command works on. */
export interface HostedProject {
  /** Twenty lower-case letters, as in the Dashboard's address. */
  ref: string;
  /** Address of its API, without a trailing slash. */
  url: string;
  /** Where `db push` connects; null = by a temporary login role of the CLI. */
  database: DatabaseAddress | null;
}

const LINK_FILE = join(PROJECT_ROOT, "supabase", ".temp", "project-ref");

async function readRef(
  given: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const linked = await Deno.readTextFile(LINK_FILE).catch(() => "");
  const ref = given ?? (environment.SUPABASE_PROJECT_ID || linked.trim());
  if (/^[a-z]{20}$/.test(ref)) return ref;
  throw new UsageError(
    ref === ""
      ? "Say which project: --project-ref <ref>. The ref is in the Dashboard's address, /project/<ref>."
      : `"${ref}" is no project ref: twenty lower-case letters, as in the Dashboard's address.`,
  );
}

function readUrl(given: string | undefined, ref: string): string {
  if (given === undefined) return `https://${ref}.supabase.co`;
  const url = URL.canParse(given) ? new URL(given) : null;
  const isLocal = url?.hostname === "127.0.0.1" ||
    url?.hostname === "localhost";
  if (url?.protocol === "https:" || (isLocal && url?.protocol === "http:")) {
    return given.replace(/\/+$/, "");
  }
  throw new UsageError("--url must be an address that begins with https://");
}

/**
 * Finds out which project is meant.
 *
 * @param options `projectRef` and `url` as given on the command line
 * @param environment read for SUPABASE_PROJECT_ID and SUPABASE_DB_URL
 * @throws UsageError when no project is named, or it or its database not in a form that can be one
 */
export async function readProject(
  options: { projectRef?: string | undefined; url?: string | undefined },
  environment: Readonly<Record<string, string | undefined>>,
): Promise<HostedProject> {
  const ref = await readRef(options.projectRef, environment);
  return {
    ref,
    url: readUrl(options.url, ref),
    database: environment.SUPABASE_DB_URL
      ? readDatabaseAddress(environment.SUPABASE_DB_URL)
      : null,
  };
}
