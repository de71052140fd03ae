import { BANK_CHOICES } from "./banks.ts";
import { CARD_COMPANIES } from "./card.ts";

/** The API versions the simulator can answer in, oldest first. Source: Toss docs, versions and release notes. */
export const API_VERSIONS = [
  "1.4",
  "2022-06-08",
  "2022-11-16",
  "2024-06-01",
] as const;

/** One of `API_VERSIONS`. */
export type ApiVersion = typeof API_VERSIONS[number];

type Fields = Record<string, unknown>;

const BANK_NAMES = new Map(BANK_CHOICES.map(({ code, name }) => [code, name]));

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Applies `change` to an object; null and what else is none stays. */
function within(value: unknown, change: (fields: Fields) => Fields): unknown {
  return isObject(value) ? change(value) : value;
}

function withBankName({ bankCode, ...account }: Fields): Fields {
  return { ...account, bank: BANK_NAMES.get(String(bankCode)) ?? null };
}

/** Before 2022-11-16: names for codes, `transactionKey` at the top. */
function withNames({ lastTransactionKey, ...body }: Fields): Fields {
  const easyPay = isObject(body.easyPay) ? body.easyPay : null;
  return {
    ...body,
    transactionKey: lastTransactionKey,
    card: within(body.card, ({ issuerCode, acquirerCode: _, ...card }) => ({
      ...card,
      company: CARD_COMPANIES.get(String(issuerCode)) ?? null,
      receiptUrl: isObject(body.receipt) ? body.receipt.url : null,
    })),
    virtualAccount: within(body.virtualAccount, (account) => ({
      ...withBankName(account),
      refundReceiveAccount: within(account.refundReceiveAccount, withBankName),
    })),
    transfer: within(body.transfer, withBankName),
    easyPay: easyPay?.provider ?? null,
    easyPayAmount: easyPay?.amount ?? 0,
    easyPayDiscountAmount: easyPay?.discountAmount ?? 0,
  };
}

/** 1.x: cancels without a key, a status or a receipt of their own. */
function withPlainCancels(body: Fields): Fields {
  const {
    isPartialCancelable: _partial,
    receipt: _receipt,
    metadata: _metadata,
    taxExemptionAmount: _exemption,
    cashReceipts: _receipts,
    ...rest
  } = body;
  const cancels = Array.isArray(rest.cancels)
    ? rest.cancels.map((cancel) =>
      within(cancel, (fields) => ({
        cancelAmount: fields.cancelAmount,
        cancelReason: fields.cancelReason,
        taxFreeAmount: fields.taxFreeAmount,
        taxAmount: null,
        refundableAmount: fields.refundableAmount,
        canceledAt: fields.canceledAt,
      }))
    )
    : rest.cancels;
  return { ...rest, cancels };
}

/** As sandbox answers were seen in public: `mid` is null, and the flag lost its `is`. */
function withNewSpelling(
  { mId: _, isPartialCancelable, ...body }: Fields,
): Fields {
  return { ...body, mid: null, partialCancelable: isPartialCancelable };
}

/** Says a Payment of version 2022-11-16 in the words of another version. */
export function paymentInVersion(
  { version: _, ...body }: Fields,
  version: ApiVersion,
): Fields {
  switch (version) {
    case "1.4":
      return { version, ...withPlainCancels(withNames(body)) };
    case "2022-06-08":
      return { version, ...withNames(body) };
    case "2022-11-16":
      return { version, ...body };
    case "2024-06-01":
      return { version, ...withNewSpelling(body) };
  }
}

/** Says a Billing object of version 2022-11-16 in the words of another version. */
export function billingInVersion(
  { cardCompany, cardNumber, ...body }: Fields,
  version: ApiVersion,
): Fields {
  if (version === "2024-06-01") return body;
  const old = { ...body, cardCompany, cardNumber };
  return version === "2022-11-16" ? old : {
    ...old,
    card: within(body.card, ({ issuerCode: _, acquirerCode: _a, ...card }) => ({
      ...card,
      company: cardCompany,
    })),
  };
}
