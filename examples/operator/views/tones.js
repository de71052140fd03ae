const GOOD = ["paid", "DONE", "active", "delivered", "accepted", "succeeded"];
const BAD = [
  "failed",
  "dead",
  "ABORTED",
  "past_due",
  "rejected",
  "refused",
  "declined",
];
const WARN = [
  "waiting_for_deposit",
  "WAITING_FOR_DEPOSIT",
  "pending",
  "unknown",
  "requested",
  "trialing",
  "disabled",
  "partially_refunded",
  "PARTIAL_CANCELED",
];

/** The colour of a status, beside its word. */
export function toneOf(status) {
  if (GOOD.includes(status)) return "good";
  if (BAD.includes(status)) return "bad";
  return WARN.includes(status) ? "warn" : "plain";
}
