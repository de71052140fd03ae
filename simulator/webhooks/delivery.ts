/** One attempt to hand a webhook over. `at` is an ISO 8601 virtual time. */
export interface DeliveryAttempt {
  at: string;
  /** 0 on the first attempt. */
  retriedCount: number;
  /** The receiver's answer, null when there was none. */
  httpStatus: number | null;
  error: string | null;
}

/** One webhook to one URL, with everything that happened to it. */
export interface Delivery {
  /** Value of `tosspayments-webhook-transmission-id`; stable over retries. */
  transmissionId: string;
  url: string;
  eventType: string;
  /** Empty for an event that is about no payment. */
  paymentKey: string;
  /** The payment's status when the event happened; empty as above. */
  status: string;
  createdAt: string;
  /** The request body, written once and sent unchanged every time. */
  body: string;
  state:
    | "waiting"
    | "sending"
    | "succeeded"
    | "failed"
    | "dropped"
    | "held";
  attempts: DeliveryAttempt[];
  /** ISO 8601 virtual time of the next planned attempt. */
  nextAttemptAt: string | null;
}
