import { toKoreanTime } from "../korean-time.ts";
import { paymentReceipts } from "../receipts/receipt-body.ts";
import type { SimulatorState } from "../state.ts";
import { paymentInVersion } from "./api-version.ts";
import { maskCardNumber } from "./card.ts";
import type { Payment } from "./payment.ts";
import { taxFreeLeft } from "./tax.ts";
import { virtualAccountBody } from "./virtual-account-body.ts";

function cardBody(payment: Payment) {
  const { issuerCode, acquirerCode, cardType, ownerType } = payment.card;
  return {
    amount: payment.totalAmount - payment.discountAmount,
    issuerCode,
    acquirerCode,
    number: maskCardNumber(payment.cardNumber),
    installmentPlanMonths: payment.installmentPlanMonths,
    approveNo: payment.approveNumber,
    useCardPoint: false,
    cardType,
    ownerType,
    acquireStatus: payment.status === "CANCELED" ? "CANCELED" : "READY",
    isInterestFree: payment.isInterestFree,
    interestPayer: payment.isInterestFree ? "CARD_COMPANY" : null,
  };
}

const NO_METHOD = {
  card: null,
  virtualAccount: null,
  transfer: null,
  mobilePhone: null,
  giftCertificate: null,
  easyPay: null,
};

/** The part that only the used method fills, once money is taken or awaited. */
function methodBody(payment: Payment, receiptUrl: string) {
  const { virtualAccount } = payment;
  if (virtualAccount === null && payment.approvedAt === null) return {};
  const settlementStatus = "INCOMPLETED";
  switch (payment.method) {
    case "가상계좌":
      return {
        virtualAccount: virtualAccount && virtualAccountBody(virtualAccount),
      };
    case "카드":
      return { card: cardBody(payment) };
    case "간편결제": {
      const discountAmount = payment.discountAmount;
      const amount = payment.totalAmount - discountAmount;
      const provider = payment.easyPayProvider;
      return { easyPay: { provider, amount, discountAmount } };
    }
    case "계좌이체":
      return {
        transfer: { bankCode: payment.transferBankCode, settlementStatus },
      };
    case "휴대폰": {
      const customerMobilePhone = "01000000000";
      const mobilePhone = { customerMobilePhone, settlementStatus, receiptUrl };
      return { mobilePhone };
    }
    case "문화상품권":
    case "도서문화상품권":
    case "게임문화상품권": {
      const approveNo = payment.approveNumber;
      return { giftCertificate: { approveNo, settlementStatus } };
    }
  }
}

/** An instant discount of the card's company; easy pay tells its own beside its amount. */
function discountBody({ method, discountAmount }: Payment) {
  return method === "카드" && discountAmount > 0
    ? { amount: discountAmount }
    : null;
}

function amountsBody(payment: Payment) {
  // The tax split follows what is left, so that a full cancel shows zero.
  const taxFreeAmount = taxFreeLeft(payment);
  const taxable = payment.balanceAmount - taxFreeAmount;
  const vat = Math.round(taxable / 11);
  return {
    totalAmount: payment.totalAmount,
    balanceAmount: payment.balanceAmount,
    suppliedAmount: taxable - vat,
    vat,
    taxFreeAmount,
    taxExemptionAmount: 0,
  };
}

/**
 * Writes the Payment object as API answers and webhooks carry it, in the
 * words of the shop's API version.
 */
export function paymentBody(
  payment: Payment,
  state: Pick<SimulatorState, "publicUrl" | "settings" | "cashReceipts">,
): Record<string, unknown> {
  return paymentInVersion({
    ...bodyOf(payment, state.publicUrl),
    ...paymentReceipts(state, payment),
  }, state.settings.apiVersion);
}

/**
 * `publicUrl` is the address browsers reach; links start with it.
 * Source: Toss core API reference, Payment object, version 2022-11-16.
 */
function bodyOf(payment: Payment, publicUrl: string) {
  const { paymentKey, status } = payment;
  const chosen = status !== "READY" && status !== "EXPIRED";
  const receiptUrl =
    `${publicUrl}/receipt/redirection?transactionId=${paymentKey}&ref=PX`;
  const approvedAt = payment.approvedAt;
  return {
    mId: payment.keyPair.merchantId,
    lastTransactionKey: payment.lastTransactionKey,
    paymentKey,
    orderId: payment.orderId,
    orderName: payment.orderName,
    status,
    requestedAt: toKoreanTime(payment.requestedAt),
    approvedAt: approvedAt === null ? null : toKoreanTime(approvedAt),
    useEscrow: status === "EXPIRED" ? null : payment.accountTerms.useEscrow,
    cultureExpense: false,
    ...NO_METHOD,
    ...methodBody(payment, receiptUrl),
    discount: discountBody(payment),
    cancels: payment.cancels.length === 0 ? null : payment.cancels,
    secret: payment.secret,
    type: payment.type,
    country: "KR",
    failure: payment.failure,
    isPartialCancelable: true,
    metadata: payment.metadata,
    receipt: approvedAt === null ? null : { url: receiptUrl },
    checkout: { url: `${publicUrl}/v1/payments/${paymentKey}/checkout` },
    currency: "KRW",
    ...amountsBody(payment),
    method: chosen ? payment.method : null,
    version: "2022-11-16",
  };
}
