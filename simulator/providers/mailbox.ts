/** One notice that a provider has taken. */
export interface MailboxEntry {
  /** The provider's id. */
  id: string;
  provider: "resend" | "solapi";
  /** When it was taken, ISO 8601. */
  at: string;
  to: string;
  from: string;
  /** `EMAIL`, or Solapi's type: `SMS`, `LMS`, `ATA` (알림톡). */
  type: string;
  subject: string | null;
  text: string;
  html: string | null;
  /** 알림톡 alone. */
  templateId: string | null;
  /** The sender's Idempotency-Key, or its customFields.notificationId. */
  reference: string | null;
}

/** How a provider misbehaves; each kind once, or `count` times. */
export interface ProviderFault {
  provider: "resend" | "solapi";
  kind:
    | "outage"
    | "rate_limit"
    | "quota"
    | "bad_key"
    | "bad_address"
    | "bad_sender"
    | "bad_template"
    /** Nothing is taken and no answer comes. */
    | "lose_before"
    /** It is taken, and no answer comes. */
    | "lose_after"
    /** No answer comes for this long, then it is taken. */
    | "hang";
  /** @default 1 */
  count?: number | "always";
  /** Of `hang`. @default 15000 */
  milliseconds?: number;
}

/** What both providers know. */
export class ProviderState {
  entries: MailboxEntry[] = [];
  faults: ProviderFault[] = [];
  /** Every request by provider, also refused ones. */
  requests: { provider: "resend" | "solapi"; method: string; path: string }[] =
    [];
  #counter = 0;

  /** @param now milliseconds since the Unix epoch */
  constructor(readonly now: () => number) {}

  /** Takes the oldest fault of a kind, and counts it down. */
  take(
    provider: ProviderFault["provider"],
    ...kinds: ProviderFault["kind"][]
  ): ProviderFault | undefined {
    const fault = this.faults.find((one) =>
      one.provider === provider && kinds.includes(one.kind)
    );
    if (fault === undefined || fault.count === "always") return fault;
    fault.count = (fault.count ?? 1) - 1;
    if (fault.count <= 0) {
      this.faults = this.faults.filter((other) => other !== fault);
    }
    return fault;
  }

  /** An id that no other has. */
  nextId(prefix: string): string {
    this.#counter += 1;
    return `${prefix}${String(this.#counter).padStart(6, "0")}${
      crypto.randomUUID().slice(0, 8)
    }`;
  }

  keep(entry: Omit<MailboxEntry, "at">): void {
    this.entries.push({ ...entry, at: new Date(this.now()).toISOString() });
  }

  reset(): void {
    this.entries = [];
    this.faults = [];
    this.requests = [];
  }
}

/** Marks an answer that does not arrive. */
export const CUT = "x-simulator-cut";

/** An answer whose connection breaks before its first byte. */
export function brokenAnswer(): Response {
  return new Response(null, { headers: { [CUT]: "1" } });
}
