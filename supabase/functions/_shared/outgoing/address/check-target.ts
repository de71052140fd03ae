import { isIP } from "node:net";
import { classifyIp } from "./classify-ip.ts";
import type { ResolveHost } from "./resolve-host.ts";

/** Which addresses events may be sent to. */
export interface AddressPolicy {
  /** Also this machine and private networks, and there also by http (WEBHOOK_ALLOW_PRIVATE, test keys only). */
  allowPrivate: boolean;
  resolve: ResolveHost;
}

/** Where to connect, or why not. */
export type Target =
  | { ok: true; url: URL; addresses: string[] }
  /** `isUnknownName`: nobody can be reached there, now; nothing forbids it. */
  | { ok: false; problem: string; isUnknownName?: true };

/** The longest address that is kept; browsers and servers cut at about as much. */
export const MAXIMUM_URL_LENGTH = 2048;

/** Names that mean this machine or its network, whatever a name server says. */
const LOCAL_NAME =
  /(?:^|\.)(?:localhost|local|internal|intranet|home\.arpa|lan)$/;

/**
 * Judges an address by its text alone.
 *
 * The URL parser has read the host by then as every connection would: `0x7f.1`, `2130706433`, `①②⑦.1` and
 * percent-encoded forms are 127.0.0.1 here, too.
 */
export function checkUrl(
  text: string,
  allowPrivate: boolean,
): { ok: true; url: URL } | { ok: false; problem: string } {
  if (text.length > MAXIMUM_URL_LENGTH || !URL.canParse(text)) {
    return refused("is no URL of at most 2,048 characters");
  }
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return refused("must begin with https://");
  }
  if (url.username !== "" || url.password !== "") {
    return refused(
      "must not hold a user or password; the signature proves the sender",
    );
  }
  if (url.hash !== "") return refused("must have no fragment");
  const host = hostOf(url);
  const reach = isIP(host) !== 0
    ? classifyIp(host)
    : LOCAL_NAME.test(host)
    ? "local"
    : host.includes(".")
    ? "public"
    : "local";
  if (reach === "never" || (reach === "local" && !allowPrivate)) {
    return refused(NOT_PUBLIC);
  }
  if (url.protocol === "http:" && !allowPrivate) {
    return refused("must begin with https://");
  }
  return { ok: true, url };
}

const NOT_PUBLIC = "must lead to a public address";

function refused(problem: string): { ok: false; problem: string } {
  return { ok: false, problem };
}

/** The host without the brackets of IPv6 and without the dot that ends a full name. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
}

/**
 * Judges an address and everything its name stands for at this moment.
 *
 * One address that is not allowed refuses all: which one a connection takes is not for us to say. Whoever connects
 * must use these addresses and not look the name up once more.
 *
 * @throws when the name cannot be looked up
 */
export async function checkTarget(
  text: string,
  { allowPrivate, resolve }: AddressPolicy,
): Promise<Target> {
  const checked = checkUrl(text, allowPrivate);
  if (!checked.ok) return checked;
  const { url } = checked;
  const host = hostOf(url);
  const addresses = isIP(host) !== 0
    ? [host]
    : host === "localhost" || host.endsWith(".localhost")
    ? ["127.0.0.1"]
    : await resolve(host);
  if (addresses.length === 0) {
    return { ...refused("has a name without an address"), isUnknownName: true };
  }
  const reaches = addresses.map(classifyIp);
  if (
    reaches.some((reach) =>
      reach === "never" || (reach === "local" && !allowPrivate)
    )
  ) {
    return refused(NOT_PUBLIC);
  }
  // Plain text leaves no machine but this one's own network.
  if (
    url.protocol === "http:" && reaches.some((reach) => reach === "public")
  ) {
    return refused("must begin with https://");
  }
  return { ok: true, url, addresses: inOrder(addresses) };
}

/** IPv4 first: not every platform has a way out for IPv6. */
function inOrder(addresses: readonly string[]): string[] {
  return [...addresses].sort((left, right) => isIP(left) - isIP(right));
}
