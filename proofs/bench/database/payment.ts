import type { Sql } from "postgres";

type Json = Record<string, unknown>;

const LEASE_SECONDS = 65;
const AMOUNT = 3_000;

/** Calls one of our functions as the Data API does. */
async function call(sql: Sql, name: string, request: Json): Promise<Json> {
  const text = JSON.stringify({ mode: "test", ...request });
  const [row] = await sql<{ answer: Json }[]>`
    select public.${sql(name)}(${text}::text::jsonb) as answer`;
  return row?.answer ?? {};
}

function expect(answer: Json, outcome: string): Json {
  if (answer.outcome === outcome) return answer;
  throw new Error(`${outcome} expected: ${JSON.stringify(answer)}`);
}

/** A purchase that Toss has approved, as far as the database is told of it. */
export interface BenchPayment {
  orderId: string;
  paymentKey: string;
  approvedAt: string;
}

/** An event that its caller has leased. */
export interface BenchEvent {
  eventId: string;
  leaseToken: string;
  askedAt: string;
}

/** What Toss answers about a payment, as `paymentSnapshot` hands it on. */
function answerOf({ orderId, paymentKey, approvedAt }: BenchPayment): Json {
  return {
    paymentKey,
    orderId,
    status: "DONE",
    method: "카드",
    totalAmount: AMOUNT,
    balanceAmount: AMOUNT,
    taxFreeAmount: 0,
    currency: "KRW",
    requestedAt: approvedAt,
    approvedAt,
    apiVersion: "2024-06-01",
    canceledAt: null,
    failureCode: null,
    failureMessage: null,
    receiptUrl: `https://dashboard.tosspayments.com/receipt/${paymentKey}`,
    details: {
      m_id: "tosspayments",
      easy_pay_provider: null,
      card_issuer_code: "11",
      card_acquirer_code: "31",
      card_number_masked: "43301200****123*",
      card_type: "신용",
      installment_months: 0,
      is_interest_free: false,
      approve_no: "00000000",
      discount_amount: null,
      supplied_amount: 2_727,
      vat: 273,
      use_escrow: false,
      country: "KR",
    },
    cancels: [],
    cashReceipts: [],
    secretDigest: "a".repeat(64),
  };
}

/** The redacted body of Toss's PAYMENT_STATUS_CHANGED. Source: Toss, core API reference, Payment object. */
export function webhookBody(payment: BenchPayment): Json {
  return {
    eventType: "PAYMENT_STATUS_CHANGED",
    createdAt: "2026-11-21T11:42:34.466",
    data: {
      mId: "tosspayments",
      lastTransactionKey: "F1".repeat(16),
      paymentKey: payment.paymentKey,
      orderId: payment.orderId,
      orderName: "토스 스티커",
      taxExemptionAmount: 0,
      status: "DONE",
      requestedAt: payment.approvedAt,
      approvedAt: payment.approvedAt,
      useEscrow: false,
      cultureExpense: false,
      card: {
        issuerCode: "11",
        acquirerCode: "31",
        number: "43301200****123*",
        installmentPlanMonths: 0,
        isInterestFree: false,
        interestPayer: null,
        approveNo: "00000000",
        useCardPoint: false,
        cardType: "신용",
        ownerType: "개인",
        acquireStatus: "READY",
        amount: AMOUNT,
      },
      virtualAccount: null,
      transfer: null,
      mobilePhone: null,
      giftCertificate: null,
      cashReceipt: null,
      cashReceipts: null,
      discount: null,
      cancels: null,
      secret: "***",
      type: "NORMAL",
      easyPay: null,
      country: "KR",
      failure: null,
      isPartialCancelable: true,
      receipt: {
        url: `https://dashboard.tosspayments.com/receipt/${payment.paymentKey}`,
      },
      checkout: {
        url:
          `https://api.tosspayments.com/v1/payments/${payment.paymentKey}/checkout`,
      },
      currency: "KRW",
      totalAmount: AMOUNT,
      balanceAmount: AMOUNT,
      suppliedAmount: 2_727,
      vat: 273,
      taxFreeAmount: 0,
      method: "카드",
      version: "2024-06-01",
    },
  };
}

/** `create_order` for one sticker, by a buyer of its own. */
export async function placeOrder(sql: Sql): Promise<BenchPayment> {
  const { orderId } = expect(
    await call(sql, "create_order", {
      requestId: crypto.randomUUID(),
      logRequestId: crypto.randomUUID(),
      userId: crypto.randomUUID(),
      items: [{ productId: "sticker", quantity: 1 }],
      timeToLiveSeconds: 3600,
    }),
    "created",
  );
  return {
    orderId: String(orderId),
    paymentKey: `tviva${crypto.randomUUID().replaceAll("-", "").slice(0, 23)}`,
    approvedAt: new Date().toISOString(),
  };
}

/** Both calls of a confirm, without Toss between them. */
export async function confirmPayment(
  sql: Sql,
  payment: BenchPayment,
): Promise<void> {
  const requestId = crypto.randomUUID();
  const begun = expect(
    await call(sql, "begin_confirmation", {
      requestId,
      paymentKey: payment.paymentKey,
      orderId: payment.orderId,
      amount: AMOUNT,
      leaseToken: crypto.randomUUID(),
      leaseSeconds: LEASE_SECONDS,
    }),
    "proceed",
  );
  const { operationId, askedAt } = begun.operation as Json;
  expect(
    await call(sql, "apply_payment", {
      requestId,
      operationId,
      askedAt,
      source: "confirm",
      payment: answerOf(payment),
    }),
    "confirmed",
  );
}

/** Stores a webhook about a payment and leases it, as before Toss's 200. */
export async function receiveWebhook(
  sql: Sql,
  payment: BenchPayment,
): Promise<BenchEvent> {
  const leaseToken = crypto.randomUUID();
  const transmissionId = crypto.randomUUID();
  // As long as the body when it is compressed; as little to be compressed as a ciphertext.
  const ciphertext = crypto.getRandomValues(new Uint8Array(720));
  const event = await call(sql, "receive_webhook_event", {
    transmissionId,
    leaseToken,
    dedupeKey: `id:${transmissionId}`,
    retriedCount: 0,
    eventType: "PAYMENT_STATUS_CHANGED",
    orderId: payment.orderId,
    paymentKey: payment.paymentKey,
    asksToss: true,
    fromToss: true,
    payload: webhookBody(payment),
    keyId: "bench",
    ciphertext: btoa(String.fromCharCode(...ciphertext)),
    leaseSeconds: LEASE_SECONDS,
  });
  if (event.isClaimed !== true) {
    throw new Error(`not leased: ${JSON.stringify(event)}`);
  }
  return {
    leaseToken,
    eventId: String(event.eventId),
    askedAt: String(event.askedAt),
  };
}

/** Applies Toss's answer that a webhook has led to, and ends the webhook with it, as after Toss's 200. */
export async function applyWebhook(
  sql: Sql,
  payment: BenchPayment,
  { eventId, leaseToken, askedAt }: BenchEvent,
): Promise<void> {
  const applied = expect(
    await call(sql, "apply_payment", {
      requestId: crypto.randomUUID(),
      source: "webhook",
      askedAt,
      payment: answerOf(payment),
      webhook: {
        eventId,
        leaseToken,
        leaseSeconds: LEASE_SECONDS,
        verifiedBy: "re-query",
      },
    }),
    "confirmed",
  );
  expect(applied.webhook as Json, "processed");
}
