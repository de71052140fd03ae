import { plainSpelling } from "./spelling.ts";

/*
 * Which field names hold something that must not be shown. Names are compared
 * in their plain spelling without case and punctuation, so billingKey,
 * billing_key, BILLING-KEY and billing%5Fkey are one.
 */

// A name that ends with one of these is sensitive: `webhookSecret` as much as
// `TOSS_WEBHOOK_SECRET`.
const SENSITIVE_ENDINGS = [
  "secret",
  "secretkey",
  "secretkeys",
  "securitykey",
  "servicerolekey",
  "encryptionkey",
  "encryptionkeys",
  "privatekey",
  "apikey",
  "billingkey",
  "authkey",
  "accountkey",
  "password",
  "authorization",
  "cookie",
  "accesstoken",
  "refreshtoken",
  "urltoken",
  "cardnumber",
  "cardexpiration",
  "cardexpirationyear",
  "cardexpirationmonth",
  "accountnumber",
  "holdername",
  "identitynumber",
  "registrationnumber",
  "phone",
  "phonenumber",
  "mobile",
  "mobilenumber",
  "refundreceiveaccount",
] as const;

// Identifiers that operators search for. Their values may look like a card
// number (an orderId can be sixteen digits) and are spared that check only.
const IDENTIFIERS = [
  "paymentkey",
  "orderid",
  "transactionkey",
  "customerkey",
  "idempotencykey",
  "requestid",
  "traceid",
  "transmissionid",
] as const;

const separated = (name: string) => [...name].join("[_-]?");

const SENSITIVE = new RegExp(`(?:${SENSITIVE_ENDINGS.join("|")})$`);
const IDENTIFIER = new RegExp(`(?:${IDENTIFIERS.join("|")})$`);

// The end of a name decides; each of its characters may be written as three bytes in percent-encoding.
const LONGEST_NAME = 240;

/** The sensitive endings as alternatives of a regular expression. */
export const SENSITIVE_NAME_PATTERN: string = [...SENSITIVE_ENDINGS]
  .sort((left, right) => right.length - left.length)
  .map(separated)
  .join("|");

/** The identifier endings as alternatives of a regular expression. */
export const IDENTIFIER_PATTERN: string = IDENTIFIERS.map(separated).join("|");

/**
 * Says how the value of a field is to be treated: hidden as a whole, searched
 * for secrets, or searched for secrets but never taken for a card number.
 *
 * @param parent the name of the object that holds the field, if any: `number`
 * is a card number only inside `card`.
 */
export function nameTreatment(
  name: string,
  parent: string,
): "hide" | "search" | "identifier" {
  const end = name.slice(-LONGEST_NAME);
  const plain = plainSpelling(end).toLowerCase().replace(/[\W_]+/g, "");
  if (SENSITIVE.test(plain)) return "hide";
  if (plain === "number" && /card$/i.test(parent)) return "hide";
  return IDENTIFIER.test(plain) ? "identifier" : "search";
}
