import { z } from "zod";
import type { KeyPair } from "../options.ts";
import {
  CARD_COMPANIES,
  CARD_TYPES,
  DEFAULT_CARD,
  DEFAULT_CARD_NUMBER,
  OWNER_TYPES,
} from "../payments/card.ts";
import type { SimulatorState } from "../state.ts";
import type { BillingAuthorization } from "./billing-state.ts";
import { newAuthKey } from "./identifiers.ts";

/** The customerKey rule that a third party measured at the server: 2–300 characters. */
export const customerKeySchema = z.string().min(2).max(300);

const cardCompanySchema = z.string()
  .refine((code) => CARD_COMPANIES.has(code), "not a card company's code");

/** A card and its owner, who agrees to be charged. */
export const authorizationSchema = z.strictObject({
  customerKey: customerKeySchema,
  cardNumber: z.string().regex(/^\d{14,20}$/).default(DEFAULT_CARD_NUMBER),
  /** Replaces the end of `cardNumber`; Toss's mask hides the last one. */
  lastDigits: z.string().regex(/^\d{1,4}$/).default(""),
  issuerCode: cardCompanySchema.default(DEFAULT_CARD.issuerCode),
  /** Default: the issuer. */
  acquirerCode: cardCompanySchema.optional(),
  cardType: z.enum(CARD_TYPES).default(DEFAULT_CARD.cardType),
  ownerType: z.enum(OWNER_TYPES).default(DEFAULT_CARD.ownerType),
  /** `yyyy-MM`; absent = the card never expires. */
  expirationMonth: z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/).nullable()
    .default(null),
  /** SHA-256 of a billing key that is issued once more, instead of a new one. */
  reissuedKeyDigest: z.string().regex(/^[0-9a-f]{64}$/).nullable()
    .default(null),
});

/** `authorizationSchema` after parsing. */
export type Authorization = z.output<typeof authorizationSchema>;

/** The owner authenticates a card: an authKey that buys one billing key. */
export function authorizeCard(
  state: SimulatorState,
  keyPair: KeyPair,
  input: Authorization,
): BillingAuthorization {
  const { customerKey, lastDigits, reissuedKeyDigest, ...card } = input;
  const authorization = {
    authKey: newAuthKey(),
    keyPair,
    customerKey,
    reissuedKeyDigest,
    card: {
      ...card,
      cardNumber: card.cardNumber.slice(0, -lastDigits.length || undefined) +
        lastDigits,
      acquirerCode: card.acquirerCode ?? card.issuerCode,
    },
    account: null,
    authenticatedAt: state.clock.now(),
  };
  state.billing.authorizations.set(authorization.authKey, authorization);
  return authorization;
}
