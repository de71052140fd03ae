/** Why an address gave no answer, in the words of a person; without any, the system's own are shown. */
const REASONS: readonly [RegExp, string][] = [
  [/dns error|ENOTFOUND|EAI_AGAIN/i, "its name is not known"],
  [/ECONNREFUSED|connection refused/i, "the connection is refused"],
  [
    /ECONNRESET|connection reset|before message completed/i,
    "the connection broke",
  ],
  [/ENETUNREACH|EHOSTUNREACH|unreachable/i, "there is no way to it"],
  [/TIMEDOUT|CONNECT_TIMEOUT|timed out/i, "it does not answer in time"],
  [/certificate|tls/i, "its certificate is not trusted"],
];

function textOf(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause.message : "";
  const code: unknown = Object(error).code;
  return `${typeof code === "string" ? code : ""} ${error.message} ${cause}`;
}

/** Whether an error is the network's: fetch and sockets mark theirs differently. */
function isOfTheNetwork(error: Error): boolean {
  return error.name === "TimeoutError" ||
    /\b(E(CONN|NOTFOUND|AI_AGAIN|NETUNREACH|HOSTUNREACH|TIMEDOUT)|CONNECT_TIMEOUT)/
      .test(textOf(error)) ||
    (error instanceof TypeError &&
      /^(fetch failed|error sending request)/i.test(error.message));
}

/** An address that gave no answer; `address` is null when the error does not name it. */
export interface NetworkFault {
  address: string | null;
  reason: string;
}

/**
 * Reads why an address could not be reached.
 *
 * @param error whatever `fetch` or a socket threw
 * @returns null when the error is none of the network
 */
export function networkFault(error: unknown): NetworkFault | null {
  if (!(error instanceof Error) || !isOfTheNetwork(error)) return null;
  const text = textOf(error);
  const [url = ""] = /https?:\/\/[^\s)]+/.exec(text) ?? [];
  const known = REASONS.find(([pattern]) => pattern.test(text))?.[1];
  return {
    address: URL.canParse(url) ? new URL(url).origin : null,
    reason: known ??
      (error.name === "TimeoutError"
        ? "it does not answer in time"
        : "it does not answer"),
  };
}
