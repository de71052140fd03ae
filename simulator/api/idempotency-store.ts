import type { VirtualClock } from "../clock.ts";
import type { ApiAnswer } from "./api-answer.ts";

/** Toss docs, idempotency: a key lives 15 days from its first use. */
const LIFETIME_MILLISECONDS = 15 * 24 * 60 * 60 * 1000;

/** What makes two requests the same; the body is not part of it. */
export interface IdempotencyIdentity {
  idempotencyKey: string;
  secretKey: string;
  method: string;
  /** Path and query. */
  path: string;
}

/** An answer together with the trace id under which it was made. */
export interface StoredAnswer {
  answer: ApiAnswer;
  traceId: string;
}

/** What is known about a request that carries an Idempotency-Key. */
export type IdempotencyState =
  | { kind: "new" }
  | { kind: "running" }
  | { kind: "answered"; stored: StoredAnswer };

interface Entry {
  firstUsedAt: number;
  stored: StoredAnswer | undefined;
}

function nameOf(identity: IdempotencyIdentity): string {
  const { idempotencyKey, secretKey, method, path } = identity;
  return JSON.stringify([idempotencyKey, secretKey, method, path]);
}

/** First answers by Idempotency-Key, secret key, method and path. */
export class IdempotencyStore {
  readonly #clock: VirtualClock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /**
   * Looks the request up and, when it is new, marks it as running.
   * After 15 days a key counts as new; Toss does not document that.
   */
  begin(identity: IdempotencyIdentity): IdempotencyState {
    const name = nameOf(identity);
    const now = this.#clock.now();
    const entry = this.#entries.get(name);
    if (entry === undefined || this.#isOver(entry, now)) {
      this.#entries.set(name, { firstUsedAt: now, stored: undefined });
      return { kind: "new" };
    }
    return entry.stored === undefined
      ? { kind: "running" }
      : { kind: "answered", stored: entry.stored };
  }

  /** Keeps the first answer for replays. */
  finish(identity: IdempotencyIdentity, stored: StoredAnswer): void {
    const entry = this.#entries.get(nameOf(identity));
    if (entry !== undefined) entry.stored = stored;
  }

  /** Forgets a request that ended without an answer worth keeping. */
  forgetUnfinished(identity: IdempotencyIdentity): void {
    const name = nameOf(identity);
    if (this.#entries.get(name)?.stored === undefined) {
      this.#entries.delete(name);
    }
  }

  #isOver(entry: Entry, now: number): boolean {
    return entry.stored !== undefined &&
      now - entry.firstUsedAt >= LIFETIME_MILLISECONDS;
  }
}
