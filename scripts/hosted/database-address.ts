import { UsageError } from "../door/errors.ts";

/** Where `db push` connects. */
export interface DatabaseAddress {
  /** Without the password. */
  url: string;
  password: string;
}

const FORM =
  "SUPABASE_DB_URL must be a connection string: postgresql://user:password@host:port/postgres";
const ENCODING =
  "write % as %25, # as %23, / as %2F, ? as %3F, [ as %5B, ] as %5D, @ as %40, : as %3A and a space as %20";

// What the Dashboard and other guides put where the password belongs.
const PLACEHOLDER = /^[[<{]?\s*(your|db|database)?[-_ ]?password\s*[\]>}]?$/i;

/** What an address cannot hold as it is: it would end the password, or begin an encoded character that is none. */
const UNENCODED = /[/?#[\]\s]|%(?![0-9a-f]{2})/i;

/** The text between the user's name and the last @, which only a password can hold unencoded. */
function rawPassword(text: string): string {
  const rest = text.slice(text.indexOf("//") + 2);
  const userInfo = rest.slice(0, Math.max(0, rest.lastIndexOf("@")));
  const colon = userInfo.indexOf(":");
  return colon < 0 ? "" : userInfo.slice(colon + 1);
}

function decoded(password: string): string {
  try {
    return decodeURIComponent(password);
  } catch {
    throw new UsageError(
      `The password in SUPABASE_DB_URL is not encoded as UTF-8: ${ENCODING}`,
    );
  }
}

/**
 * Reads a connection string and takes the password out of it: in an argument it would be visible to every user of
 * the machine.
 *
 * @throws UsageError that never holds a part of the string
 */
export function readDatabaseAddress(text: string): DatabaseAddress {
  if (!/^postgres(ql)?:\/\//.test(text)) throw new UsageError(FORM);
  const raw = rawPassword(text);
  if (PLACEHOLDER.test(raw)) {
    throw new UsageError(
      "SUPABASE_DB_URL still holds the placeholder for the password: put the database's password there, without brackets",
    );
  }
  if (UNENCODED.test(raw)) {
    throw new UsageError(
      `The password in SUPABASE_DB_URL holds characters that an address cannot hold as they are: ${ENCODING}`,
    );
  }
  if (!URL.canParse(text)) throw new UsageError(FORM);
  const url = new URL(text);
  const password = decoded(url.password);
  url.password = "";
  return { url: url.href, password };
}
