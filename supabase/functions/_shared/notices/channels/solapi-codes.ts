import type { NoticeFault } from "./outcome.ts";

/*
 * Source: Solapi's documents (메시지 상태 코드), whose list names what happens at acceptance (1…), at sending (2…) and at
 * the carrier or Kakao (3…).
 */

const BAD_ADDRESS = [
  "1026",
  "1060",
  "1061",
  "1064",
  "2060",
  "2061",
  "2064",
  "3010",
  "3032",
];

const TEMPLATE = [
  "1033",
  "1041",
  "1042",
  "1043",
  "1044",
  "1045",
  "1046",
  "1047",
  "1048",
  "1049",
  "1050",
  "1052",
  "3101",
  "3103",
  "3105",
  "3106",
];

// Account, balance, sender number.
const CONFIGURATION = ["1020", "1030", "1062", "2062", "2063", "2230"];

const OUTAGE = ["1024", "2024", "3024"];

const FAULTS: Readonly<Record<string, NoticeFault>> = Object.fromEntries([
  ...BAD_ADDRESS.map((code) => [code, "bad_address"]),
  ...TEMPLATE.map((code) => [code, "template_refused"]),
  ...CONFIGURATION.map((code) => [code, "configuration"]),
  ...OUTAGE.map((code) => [code, "outage"]),
]);

/** What a status code of a refused message means. */
export function faultOfStatus(code: string): NoticeFault {
  return FAULTS[code] ?? "refused";
}

const ACCOUNT_ERRORS = new Set([
  "InvalidAPIKey",
  "SignatureDoesNotMatch",
  "RequestTimeTooSkewed",
  "Forbidden",
  "Unauthorized",
  "NotEnoughBalance",
  "BalanceInsufficient",
]);

/** What an error of a whole request means. */
export function faultOfError(status: number, code: string): NoticeFault {
  if (status === 429 || code === "TooManyRequests") return "rate_limit";
  // Deno's fetch sends a POST again when a connection breaks: it is the second that was refused.
  if (code === "DuplicatedSignature" || status >= 500) return "outage";
  if (ACCOUNT_ERRORS.has(code) || [401, 402, 403, 404].includes(status)) {
    return "configuration";
  }
  return status >= 400 && status <= 499 ? "refused" : "outage";
}
