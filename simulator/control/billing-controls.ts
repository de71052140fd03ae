import { authorizeCard } from "../billing/authorize-card.ts";
import { authorizeAccount } from "../billing/authorize-account.ts";
import type { ChargeAttempt } from "../billing/charge-attempt.ts";
import { type KeyBook, keyBookOf } from "../billing/key-book.ts";
import { matchesKey } from "../billing/key-selector.ts";
import type { SimulatorState } from "../state.ts";
import { announceBillingDeleted } from "../webhooks/announce-billing.ts";
import {
  type AuthorizeAccountInput,
  authorizeAccountSchema,
  type AuthorizeCardInput,
  authorizeCardSchema,
  type ChargeDeclineInput,
  chargeDeclineSchema,
  type RemoveKeysInput,
  removeKeysSchema,
} from "./billing-schemas.ts";
import { keyPairOf } from "./key-pair-of.ts";

/** What can be done about billing. Malformed input throws a `ZodError`. */
export interface BillingControls {
  /** A customer authenticates a card, as in the window; the single-use authKey. */
  authorizeCard(
    input: AuthorizeCardInput,
  ): { authKey: string; customerKey: string };
  /** As `authorizeCard`, for a bank account. */
  authorizeAccount(
    input: AuthorizeAccountInput,
  ): { authKey: string; customerKey: string };
  /** Every billing key, deleted ones too, in order of issue. */
  billingKeys(): KeyBook[];
  /** The charges that were worked on, refused ones too, of one order or all. */
  charges(orderId?: string): ChargeAttempt[];
  /** Declines the next charges of some billing keys or of all. */
  declineCharges(decline: ChargeDeclineInput): void;
  /** Forgets the declines of billing keys. */
  clearChargeDeclines(): void;
  /** Ends billing keys on Toss's side, with BILLING_DELETED; those that ended. */
  removeBillingKeys(input: RemoveKeysInput): KeyBook[];
}

/** Builds the controls of billing. */
export function billingControls(state: SimulatorState): BillingControls {
  return {
    authorizeCard(input) {
      const { clientKey, ...card } = authorizeCardSchema.parse(input);
      const keyPair = keyPairOf(state, clientKey);
      const { authKey, customerKey } = authorizeCard(state, keyPair, card);
      return { authKey, customerKey };
    },
    authorizeAccount(input) {
      const { clientKey, ...account } = authorizeAccountSchema.parse(input);
      const keyPair = keyPairOf(state, clientKey);
      const { authKey, customerKey } = authorizeAccount(
        state,
        keyPair,
        account,
      );
      return { authKey, customerKey };
    },
    billingKeys: () => [...state.billing.keys.values()].map(keyBookOf),
    charges: (orderId) =>
      state.billing.attempts
        .filter((attempt) =>
          orderId === undefined || attempt.orderId === orderId
        )
        .map((attempt) => ({ ...attempt })),
    declineCharges(decline) {
      state.billing.declines.push(chargeDeclineSchema.parse(decline));
    },
    clearChargeDeclines() {
      state.billing.declines = [];
    },
    removeBillingKeys(input) {
      const { reason, ...selector } = removeKeysSchema.parse(input);
      const removed = [...state.billing.keys.values()].filter((key) =>
        key.deletedAt === null && matchesKey(selector, key)
      );
      for (const key of removed) {
        key.deletedAt = state.clock.now();
        announceBillingDeleted(state, key.billingKey, reason);
      }
      return removed.map(keyBookOf);
    },
  };
}
