/** Replaces every secret it knows. */
export type Redact = (text: string) => string;

// Shorter values are words such as `on`, and hiding those would hide the text around them.
const SHORTEST_SECRET = 6;

/**
 * Makes what hides secrets in the words of other programs.
 *
 * Knows each secret as it is and as JSON, SQL and URLs write it.
 */
export function createRedactor(secrets: readonly string[]): Redact {
  const forms = secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .flatMap((secret) => [
      secret,
      JSON.stringify(secret).slice(1, -1),
      secret.replaceAll("'", "''"),
      encodeURIComponent(secret),
    ]);
  const longestFirst = [...new Set(forms)]
    .sort((left, right) => right.length - left.length);
  return (text) =>
    longestFirst.reduce(
      (redacted, form) => redacted.replaceAll(form, "[hidden]"),
      text,
    );
}
