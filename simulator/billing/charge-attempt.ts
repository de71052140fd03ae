/** One charge that the simulator worked on. Amount in KRW. */
export interface ChargeAttempt {
  /** ISO 8601 virtual time. */
  at: string;
  orderId: string;
  amount: number;
  customerKey: string;
  /** SHA-256 in hex of the billing key that the request named, known or not. */
  keyDigest: string;
  idempotencyKey: string | null;
  /** `DONE`, or the code with which Toss refused. */
  outcome: string;
  /** Null when nothing was kept of a refused charge. */
  paymentKey: string | null;
}
