import { z } from "zod";
import { customerKeySchema } from "../billing/authorize-card.ts";
import {
  type BillingCard,
  cardTypeOf,
  isExpired,
} from "../billing/billing-card.ts";
import { billingBody } from "../billing/billing-body.ts";
import { issueKey } from "../billing/issue-key.ts";
import { DEFAULT_CARD } from "../payments/card.ts";
import type { EndpointCall, EndpointOutcome } from "./endpoint.ts";

const bodySchema = z.object({
  customerKey: z.string().min(2),
  cardNumber: z.string(),
  cardExpirationYear: z.string(),
  cardExpirationMonth: z.string(),
  customerIdentityNumber: z.string(),
  cardPassword: z.string().optional(),
  customerName: z.string().max(100).optional(),
  customerEmail: z.string().max(100).optional(),
});

type CardBody = z.output<typeof bodySchema>;

/** Toss core API reference: a date of birth (YYMMDD) or a business number. */
const BIRTH_DAY = /^\d{6}$/;
const BUSINESS_NUMBER = /^\d{10}$/;

function refuse(code: string): EndpointOutcome {
  return { kind: "refused", code };
}

/** The code of the first field whose content nothing can be done with. */
function refusalByFields(body: CardBody): string | null {
  const { cardNumber, customerIdentityNumber, cardPassword, customerEmail } =
    body;
  if (!/^\d{14,20}$/.test(cardNumber)) return "INVALID_CARD_NUMBER";
  if (
    !/^\d{2}$/.test(body.cardExpirationYear) ||
    !/^(0[1-9]|1[0-2])$/.test(body.cardExpirationMonth)
  ) return "INVALID_CARD_EXPIRATION";
  if (
    !BIRTH_DAY.test(customerIdentityNumber) &&
    !BUSINESS_NUMBER.test(customerIdentityNumber)
  ) return "INVALID_BIRTH_DAY_FORMAT";
  if (cardPassword !== undefined && !/^\d{2}$/.test(cardPassword)) {
    return "INVALID_CARD_PASSWORD";
  }
  return customerEmail === undefined || customerEmail.includes("@")
    ? null
    : "INVALID_EMAIL";
}

function cardOf(body: CardBody): BillingCard {
  const isBusiness = BUSINESS_NUMBER.test(body.customerIdentityNumber);
  return {
    ...DEFAULT_CARD,
    cardNumber: body.cardNumber,
    cardType: cardTypeOf(body.cardNumber),
    ownerType: isBusiness ? "법인" : "개인",
    expirationMonth: `20${body.cardExpirationYear}-${body.cardExpirationMonth}`,
  };
}

/**
 * POST /v1/billing/authorizations/card: a typed-in card becomes a billing key.
 * The password may be missing, as a third party measured against the docs.
 * Source: Toss core API reference, 카드 정보로 빌링키 발급.
 */
export function issueBillingKeyByCard(call: EndpointCall): EndpointOutcome {
  const { state, keyPair, request } = call;
  const body = bodySchema.safeParse(request.body);
  if (!body.success) return refuse("INVALID_REQUEST");
  const { customerKey } = body.data;
  if (!customerKeySchema.safeParse(customerKey).success) {
    return refuse("FAILED_DB_PROCESSING");
  }
  const refusal = refusalByFields(body.data);
  if (refusal !== null) return refuse(refusal);
  const card = cardOf(body.data);
  const now = state.clock.now();
  if (isExpired(card, now)) return refuse("INVALID_CARD_EXPIRATION");
  const key = issueKey(state, {
    keyPair,
    customerKey,
    card,
    account: null,
    authenticatedAt: now,
    reissuedKeyDigest: null,
  });
  return {
    kind: "value",
    value: billingBody(key, call.state.settings.apiVersion),
  };
}
