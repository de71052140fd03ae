import { parseIp } from "./parse-ip.ts";

/**
 * Where an address leads.
 *
 * `local`: this machine or a private network. `never`: where no receiver can be, such as the link-local addresses
 * behind which clouds keep their credentials.
 */
export type Reach = "public" | "local" | "never";

type Range = readonly [prefix: readonly number[], bits: number, reach: Reach];

/** Everything that is not publicly routed (IANA, IPv4 Special-Purpose Address Registry). */
const IPV4: readonly Range[] = [
  [[0], 8, "never"],
  [[10], 8, "local"],
  [[100, 64], 10, "never"],
  [[127], 8, "local"],
  [[169, 254], 16, "never"],
  [[172, 16], 12, "local"],
  [[192, 0, 0], 24, "never"],
  [[192, 0, 2], 24, "never"],
  [[192, 88, 99], 24, "never"],
  [[192, 168], 16, "local"],
  [[198, 18], 15, "never"],
  [[198, 51, 100], 24, "never"],
  [[203, 0, 113], 24, "never"],
  [[224], 4, "never"],
  [[240], 4, "never"],
];

/** Within global unicast, 2000::/3, what is no host's (IANA, IPv6 Special-Purpose Address Registry). */
const IPV6_NEVER: readonly Range[] = [
  [[0x20, 0x01, 0x00], 23, "never"],
  [[0x20, 0x01, 0x0d, 0xb8], 32, "never"],
  [[0x20, 0x02], 16, "never"],
  [[0x3f, 0xff, 0x00], 20, "never"],
];

/** Forms of IPv6 that carry an IPv4 address in their last four bytes: mapped, translated, NAT64. */
const CARRIERS: readonly (readonly number[])[] = [
  [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
  [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0],
  [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0],
];

/** Judges an IP address as text; what is none leads nowhere. */
export function classifyIp(text: string): Reach {
  const bytes = parseIp(text);
  if (bytes === null) return "never";
  return bytes.length === 4 ? classifyIpv4(bytes) : classifyIpv6(bytes);
}

function classifyIpv4(bytes: readonly number[]): Reach {
  return IPV4.find((range) => isWithin(bytes, range))?.[2] ?? "public";
}

function classifyIpv6(bytes: readonly number[]): Reach {
  if (bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1) {
    return "local";
  }
  const carried = CARRIERS.some((prefix) =>
    prefix.every((byte, index) => bytes[index] === byte)
  );
  // A translator delivers to the carried address, so that one decides; through NAT64 nothing local is meant.
  if (carried) return classifyIpv4(bytes.slice(12));
  // fc00::/7, the private networks of IPv6.
  if (isWithin(bytes, [[0xfc], 7, "local"])) {
    // Behind fd00:ec2::/32 AWS keeps a machine's credentials.
    return isWithin(bytes, [[0xfd, 0x00, 0x0e, 0xc2], 32, "never"])
      ? "never"
      : "local";
  }
  const isGlobal = isWithin(bytes, [[0x20], 3, "public"]) &&
    !IPV6_NEVER.some((range) => isWithin(bytes, range));
  return isGlobal ? "public" : "never";
}

function isWithin(
  bytes: readonly number[],
  [prefix, bits]: Range,
): boolean {
  for (let index = 0; index * 8 < bits; index++) {
    const mask = bits - index * 8 >= 8
      ? 255
      : 255 & (255 << (8 - (bits - index * 8)));
    if (((bytes[index] ?? 0) & mask) !== ((prefix[index] ?? 0) & mask)) {
      return false;
    }
  }
  return true;
}
