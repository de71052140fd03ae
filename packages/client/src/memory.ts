import type { CheckoutAnswer, ConfirmRequest } from "./generated/api.ts";
import { sessionStore, type Store } from "./page.ts";

/** What is kept over a redirect or a reload, none of it secret. */
export interface Remembered {
  /** The order that waits for its payment, with the cart and the user it was made for. */
  order?: { of: string; order: CheckoutAnswer };
  /** What Toss appended to the success URL, until the payment is confirmed. */
  payment?: ConfirmRequest;
  /** The plan that a card is being registered for. */
  registration?: { planId?: string };
}

/** Keeps {@link Remembered} as one entry, `tosspayments` with the installation's prefix. */
export class Memory {
  readonly #key: string;
  readonly #given: Store | undefined;

  constructor(prefix: string, store?: Store) {
    this.#key = `${prefix}tosspayments`;
    this.#given = store;
  }

  get #store(): Store | null {
    return this.#given ?? sessionStore();
  }

  async read(): Promise<Remembered> {
    try {
      return JSON.parse(await this.#store?.getItem(this.#key) ?? "{}") ?? {};
    } catch {
      return {}; // Not ours, or refused.
    }
  }

  /** Changes what is named; `undefined` forgets it. */
  async write(
    change: { [Name in keyof Remembered]: Remembered[Name] | undefined },
  ): Promise<void> {
    try {
      const next = JSON.stringify({ ...await this.read(), ...change });
      if (next === "{}") await this.#store?.removeItem(this.#key);
      else await this.#store?.setItem(this.#key, next);
    } catch {
      // A full or refused store costs the resuming, nothing else.
    }
  }
}
