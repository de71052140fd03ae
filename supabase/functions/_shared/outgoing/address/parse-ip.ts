import { isIP } from "node:net";

/**
 * The bytes of an IP address: 4 or 16, or null when the text is none.
 *
 * An IPv6 address that ends in dotted form, and one with a zone, are read too.
 */
export function parseIp(text: string): number[] | null {
  const bare = text.replace(/%.*$/, "");
  switch (isIP(bare)) {
    case 4:
      return bare.split(".").map(Number);
    case 6:
      return parseIpv6(bare);
    default:
      return null;
  }
}

function parseIpv6(text: string): number[] {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted !== null) {
    const [, head = "", tail = ""] = dotted;
    const [a = 0, b = 0, c = 0, d = 0] = tail.split(".").map(Number);
    const groups = [a * 256 + b, c * 256 + d].map((group) =>
      group.toString(16)
    );
    return parseIpv6(head + groups.join(":"));
  }
  const [before = "", after] = text.split("::");
  const head = groupsOf(before);
  const tail = after === undefined ? [] : groupsOf(after);
  const zeros = Array<number>(8 - head.length - tail.length).fill(0);
  return [...head, ...zeros, ...tail].flatMap((
    group,
  ) => [group >> 8, group & 255]);
}

function groupsOf(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => parseInt(group, 16));
}
