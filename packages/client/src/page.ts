/** As much of a browser as the client uses, none of which React Native, Deno or Node must have. */
interface Page {
  document?: {
    hidden?: boolean;
    head: { append(node: unknown): void };
    createElement(name: "script"): Script;
    addEventListener?(type: string, listener: () => void): void;
    removeEventListener?(type: string, listener: () => void): void;
  };
  location?: { search: string; origin: string };
  navigator?: { language?: string };
  sessionStorage?: Store;
  crypto?: { randomUUID?(): string };
  /** What Toss's script leaves behind. */
  TossPayments?: (clientKey: string) => unknown;
}

interface Script {
  src: string;
  onload: (() => void) | null;
  onerror: (() => void) | null;
  remove(): void;
}

/** Where something is kept over a redirect: `sessionStorage`, or one that answers promises, as React Native's. */
export interface Store {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

/** The page, read anew at each use: a server has none, and a test may give one. */
export const page = globalThis as unknown as Page;

/** An id that nobody else has: a caller's idempotency token. */
export function newRequestId(): string {
  // Not a secret, and old React Native has no crypto.
  return page.crypto?.randomUUID?.() ??
    `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
}

/** The session's store; null where there is none, or the browser refuses it. */
export function sessionStore(): Store | null {
  try {
    // A server's one would be shared by all its visitors.
    return page.document ? page.sessionStorage ?? null : null;
  } catch {
    return null;
  }
}
