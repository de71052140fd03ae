import assert from "node:assert/strict";
import { buy } from "../../support/buy.ts";
import {
  balanceOf,
  cancel,
  cancelOperations,
  newRequestId,
} from "../../support/cancel.ts";
import { orderRow } from "../../support/database.ts";
import { paidByTransfer, REFUND_ACCOUNT } from "../../support/issue-account.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { bookOf } from "../../support/toss-side.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { moveDatabaseClock, work } from "../../support/worker.ts";

const test = shopTests();

/** What `cancel` answers, what the caller is to do, and whether the same requestId may be used again. */
interface Refusal {
  status: number;
  code: string;
  action: string;
  again: boolean;
}

const failed = (action: string, again = false): Refusal => ({
  status: 402,
  code: "cancel_failed",
  action,
  again,
});
const NO_PARTS: Refusal = {
  status: 422,
  code: "partial_refund_not_possible",
  action: "fix_input",
  again: false,
};
const NOT_CONFIGURED: Refusal = {
  status: 500,
  code: "not_configured",
  action: "contact_support",
  again: true,
};

/** Refusals that prove that nothing was cancelled. Source: Toss, 결제 취소, its error table. */
const REFUSED: Record<string, Refusal> = {
  ALREADY_CANCELED_PAYMENT: failed("none"),
  ALREADY_REFUND_PAYMENT: failed("none"),
  NOT_CANCELABLE_AMOUNT: failed("fix_input"),
  EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT: failed("fix_input"),
  INVALID_REQUEST: failed("contact_support"),
  INVALID_BANK: failed("fix_input"),
  REFUND_REJECTED: failed("contact_support"),
  FORBIDDEN_BANK_REFUND_REQUEST: failed("fix_input"),
  FORBIDDEN_REQUEST: failed("contact_support", true),
  NOT_CANCELABLE_PAYMENT: failed("contact_support"),
  EXCEED_MAX_REFUND_DUE: failed("contact_support"),
  NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT: NO_PARTS,
  NOT_ALLOWED_PARTIAL_REFUND: NO_PARTS,
  NOT_AVAILABLE_BANK: failed("retry_later", true),
  NOT_CANCELABLE_PAYMENT_FOR_DORMANT_USER: failed("contact_support"),
  EXCEED_CANCEL_LIMIT: failed("contact_support"),
  INVALID_REFUND_AMOUNT: failed("fix_input"),
  UNAUTHORIZED_KEY: NOT_CONFIGURED,
  INCORRECT_BASIC_AUTH_FORMAT: NOT_CONFIGURED,
  NOT_FOUND_PAYMENT: {
    status: 404,
    code: "payment_not_found",
    action: "start_over",
    again: true,
  },
};

/** Refusals of the account that a deposit is to go back to. */
const REFUSED_ACCOUNT: Record<string, Refusal> = {
  INVALID_REFUND_ACCOUNT_INFO: failed("fix_input"),
  INVALID_REFUND_ACCOUNT_NUMBER: failed("fix_input"),
};

/** Errors that leave the outcome open. */
const UNKNOWN = [
  "PROVIDER_ERROR",
  "FORBIDDEN_CONSECUTIVE_REQUEST",
  "FAILED_INTERNAL_SYSTEM_PROCESSING",
  "FAILED_REFUND_PROCESS",
  "FAILED_METHOD_HANDLING_CANCEL",
  "FAILED_PARTIAL_REFUND",
  "COMMON_ERROR",
  "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING",
];

function letTossAnswer({ simulator }: Shop, code: string): void {
  simulator.addFault({ kind: "status_before", code, pathPattern: "/cancel$" });
}

/** Nothing was given back and nothing is reserved. */
async function assertUntouched(
  shop: Shop,
  { orderId, paymentKey }: { orderId: string; paymentKey: string },
): Promise<void> {
  assert.equal((await orderRow(shop, orderId)).status, "paid");
  assert.deepEqual(await balanceOf(shop, paymentKey), {
    balance: 3000,
    reserved: 0,
    tax_free: 0,
  });
  assert.deepEqual(bookOf(shop, paymentKey).cancels, []);
}

for (
  const [tossCode, refusal] of [
    ...Object.entries(REFUSED),
    ...Object.entries(REFUSED_ACCOUNT),
  ]
) {
  const isAboutAccount = Object.hasOwn(REFUSED_ACCOUNT, tossCode);

  test(`cancel() answers ${refusal.code} when Toss refuses with ${tossCode}, and nothing has changed`, async (shop) => {
    const purchase = isAboutAccount
      ? await paidByTransfer(shop)
      : await buy(shop);
    const { paymentKey } = purchase;
    const request = {
      paymentKey,
      cancelAmount: 1000,
      requestId: newRequestId(),
      ...(isAboutAccount ? { refundReceiveAccount: REFUND_ACCOUNT } : {}),
    };
    letTossAnswer(shop, tossCode);

    const { status, body } = await cancel(shop, request);

    assert.equal(status, refusal.status, JSON.stringify(body));
    assert.equal(body.code, refusal.code);
    assert.equal(body.action, refusal.action);
    assert.equal(body.tossCode, tossCode);
    assert.ok(String(body.userMessage).length > 5);
    await assertUntouched(shop, purchase);
    const [operation] = await cancelOperations(shop, paymentKey);
    assert.equal(operation?.state, "rejected");
    assert.equal(operation.error_code, tossCode);

    const again = await cancel(shop, request);
    assert.equal(again.status, refusal.again ? 200 : refusal.status);
    const next = await cancel(shop, { ...request, requestId: newRequestId() });
    assert.equal(next.status, 200, JSON.stringify(next.body));
  });
}

for (const tossCode of UNKNOWN) {
  test(`cancel() answers 202 when Toss answers ${tossCode}, and the worker makes the refund`, async (shop) => {
    const { paymentKey, orderId } = await buy(shop);
    await settleWebhooks(shop);
    const request = { paymentKey, cancelAmount: 1000 };
    letTossAnswer(shop, tossCode);

    const { status, body } = await cancel(shop, request);

    assert.equal(status, 202, JSON.stringify(body));
    assert.equal((await orderRow(shop, orderId)).status, "paid");
    assert.equal((await balanceOf(shop, paymentKey))?.reserved, 1000);
    await moveDatabaseClock(shop, 3);
    await work(shop, "operations");
    assert.deepEqual(await balanceOf(shop, paymentKey), {
      balance: 2000,
      reserved: 0,
      tax_free: 0,
    });
    assert.equal(bookOf(shop, paymentKey).cancels.length, 1);
  });
}

test("cancel() tries again when Toss says that another balance is left, and gives up when it goes on saying so", async (shop) => {
  const purchase = await buy(shop);
  const { paymentKey } = purchase;
  const request = { paymentKey, cancelAmount: 1000, requestId: newRequestId() };
  const code = "NOT_MATCHES_REFUNDABLE_AMOUNT";
  shop.simulator.addFault({
    kind: "status_before",
    code,
    count: "always",
    pathPattern: "/cancel$",
  });

  const { status, body } = await cancel(shop, request);

  assert.equal(status, 402);
  assert.equal(body.code, "cancel_failed");
  assert.equal(body.tossCode, code);
  assert.equal(body.action, "retry");
  await assertUntouched(shop, purchase);
  shop.simulator.clearFaults();
  letTossAnswer(shop, code);
  assert.equal((await cancel(shop, request)).status, 200);
});

test("the texts of a refused refund are in the reader's language", async (shop) => {
  const { paymentKey } = await buy(shop);
  const texts = [];
  for (const language of ["ko", "en-US"]) {
    letTossAnswer(shop, "EXCEED_MAX_REFUND_DUE");
    const { body } = await cancel(shop, { paymentKey }, {
      apikey: shop.stack.secretKey,
      "accept-language": language,
    });
    texts.push(String(body.userMessage));
  }
  assert.match(texts[0] ?? "", /기간/);
  assert.match(texts[1] ?? "", /period/);
});

test("every code of Toss's table of cancel errors is tested", async () => {
  // Typed in from Toss's table, 30 codes, and the one that stands in the global list alone.
  const documented =
    `ALREADY_CANCELED_PAYMENT INVALID_REFUND_ACCOUNT_INFO EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT INVALID_REQUEST
    INVALID_REFUND_ACCOUNT_NUMBER INVALID_BANK NOT_MATCHES_REFUNDABLE_AMOUNT PROVIDER_ERROR REFUND_REJECTED
    ALREADY_REFUND_PAYMENT FORBIDDEN_BANK_REFUND_REQUEST UNAUTHORIZED_KEY NOT_CANCELABLE_AMOUNT
    FORBIDDEN_CONSECUTIVE_REQUEST FORBIDDEN_REQUEST NOT_CANCELABLE_PAYMENT EXCEED_MAX_REFUND_DUE
    NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT NOT_ALLOWED_PARTIAL_REFUND NOT_AVAILABLE_BANK
    INCORRECT_BASIC_AUTH_FORMAT NOT_CANCELABLE_PAYMENT_FOR_DORMANT_USER EXCEED_CANCEL_LIMIT NOT_FOUND_PAYMENT
    FAILED_INTERNAL_SYSTEM_PROCESSING FAILED_REFUND_PROCESS FAILED_METHOD_HANDLING_CANCEL FAILED_PARTIAL_REFUND
    COMMON_ERROR FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING INVALID_REFUND_AMOUNT`
      .split(/\s+/);

  const tested = [
    ...Object.keys(REFUSED),
    ...Object.keys(REFUSED_ACCOUNT),
    ...UNKNOWN,
    "NOT_MATCHES_REFUNDABLE_AMOUNT",
  ];
  await Promise.resolve(assert.deepEqual(tested.sort(), documented.sort()));
});
