import type { TossPayment } from "../toss/payment.ts";

/** Longer is nothing that Toss documents, and no column is worth a payment. */
const LONGEST = 50;

/**
 * What buyers and accountants ask about a payment, under the names of its columns.
 *
 * All of it is optional: what Toss leaves out, or says in a form that nobody knows, is null. A card's number is kept
 * only where Toss has hidden a part of it. Source: core API reference, Payment object.
 */
export function paymentDetails(payment: TossPayment) {
  const { card, easyPay, giftCertificate } = payment;
  return {
    m_id: short(payment.mId),
    easy_pay_provider: short(easyPay?.provider),
    card_issuer_code: short(card?.issuerCode),
    card_acquirer_code: short(card?.acquirerCode),
    card_number_masked: masked(card?.number),
    card_type: short(card?.cardType),
    installment_months: months(card?.installmentPlanMonths),
    is_interest_free: card?.isInterestFree ?? null,
    approve_no: short(card?.approveNo) ?? short(giftCertificate?.approveNo),
    discount_amount: whole(payment.discount?.amount) ??
      whole(easyPay?.discountAmount),
    ...taxSplit(payment),
    use_escrow: payment.useEscrow,
    country: short(payment.country),
  };
}

/** Supply value and VAT where they, and the tax-free part, are all of what is left; else nothing is known of them. */
function taxSplit(payment: TossPayment) {
  const supplied = whole(payment.suppliedAmount);
  const vat = whole(payment.vat);
  const taxFree = whole(payment.taxFreeAmount);
  const addsUp = supplied !== null && vat !== null && taxFree !== null &&
    supplied + vat + taxFree === payment.balanceAmount;
  return addsUp
    ? { supplied_amount: supplied, vat }
    : { supplied_amount: null, vat: null };
}

function short(text: string | null | undefined): string | null {
  return text && text.length <= LONGEST ? text : null;
}

function masked(number: string | null | undefined): string | null {
  return number?.includes("*") ? short(number) : null;
}

function months(value: number | null | undefined): number | null {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 60
    ? Number(value)
    : null;
}

function whole(amount: number | null | undefined): number | null {
  return Number.isSafeInteger(amount) ? Number(amount) : null;
}
