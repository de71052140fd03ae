import assert from "node:assert/strict";
import { placeOrder } from "../../support/buy.ts";
import {
  balanceOf,
  cancel,
  cancelOperations,
  cancelRequests,
} from "../../support/cancel.ts";
import {
  type IssuedAccount,
  issuedBy,
  payIn,
  REFUND_ACCOUNT,
  requestAccount,
} from "../../support/issue-account.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests();

const TWO_STICKERS = { items: [{ productId: "sticker", quantity: 2 }] };

/** How Toss was asked for the account of an order. */
function requestFor({ simulator }: Shop, orderId: string) {
  const [book, ...more] = simulator.books()
    .filter((candidate) => candidate.orderId === orderId);
  assert.deepEqual(more, []);
  return book?.accountRequest;
}

async function paidUnderEscrow(shop: Shop): Promise<IssuedAccount> {
  const { orderId } = await placeOrder(shop, TWO_STICKERS);
  const account = issuedBy(
    await requestAccount(shop, { orderId, escrow: true }),
  );
  await payIn(shop, account.paymentKey);
  return account;
}

async function isUnderEscrow({ stack }: Shop, { paymentKey }: IssuedAccount) {
  const [row] = await stack.sql<{ use_escrow: boolean | null }[]>`
    select use_escrow from public.payments where payment_key = ${paymentKey}`;
  return row?.use_escrow;
}

test("escrow, its products and the buyer's addresses reach Toss, and the payment remembers", async (shop) => {
  const { orderId } = await placeOrder(shop, TWO_STICKERS);
  const escrowProducts = [
    { id: "1", name: "스티커", code: "ST-1", unitPrice: 3_000, quantity: 2 },
  ];
  const account = issuedBy(
    await requestAccount(shop, {
      orderId,
      escrow: true,
      escrowProducts,
      customerEmail: "buyer@example.com",
      customerMobilePhone: "01012345678",
    }),
  );
  const sent = requestFor(shop, orderId);
  assert.deepEqual(sent, {
    useEscrow: true,
    escrowProducts,
    customerEmail: "buyer@example.com",
    customerMobilePhone: "01012345678",
  });
  assert.equal(await isUnderEscrow(shop, account), true);
});

test("without escrowProducts the order's own lines are named", async (shop) => {
  const { orderId } = await placeOrder(shop, TWO_STICKERS);
  issuedBy(await requestAccount(shop, { orderId, escrow: true }));
  const [line] = await shop.stack.sql<{ name: string }[]>`
    select name from public.order_items where order_id = ${orderId}`;
  assert.deepEqual(requestFor(shop, orderId)?.escrowProducts, [{
    id: "1",
    name: line?.name,
    code: "sticker",
    unitPrice: 3_000,
    quantity: 2,
  }]);
});

test("an account without escrow says nothing of it", async (shop) => {
  for (const more of [{}, { escrow: false }]) {
    const { orderId } = await placeOrder(shop);
    const account = issuedBy(await requestAccount(shop, { orderId, ...more }));
    const sent = requestFor(shop, orderId);
    assert.deepEqual(sent, {
      useEscrow: false,
      escrowProducts: undefined,
      customerEmail: undefined,
      customerMobilePhone: undefined,
    });
    assert.equal(await isUnderEscrow(shop, account), false);
  }
});

const PRODUCT = {
  id: "1",
  name: "스티커",
  code: "ST-1",
  unitPrice: 3_000,
  quantity: 1,
};

const MALFORMED: [string, Record<string, unknown>, string][] = [
  [
    "products without escrow",
    { escrowProducts: [PRODUCT] },
    "escrowProducts",
  ],
  ["no products", { escrow: true, escrowProducts: [] }, "escrowProducts"],
  [
    "a product with a field that Toss does not take",
    { escrow: true, escrowProducts: [{ ...PRODUCT, price: 1 }] },
    "escrowProducts.0.price",
  ],
  [
    "a product without a quantity",
    { escrow: true, escrowProducts: [{ ...PRODUCT, quantity: 0 }] },
    "escrowProducts.0.quantity",
  ],
  ["a word for yes", { escrow: "yes" }, "escrow"],
  ["no e-mail address", { customerEmail: "buyer" }, "customerEmail"],
  [
    "a phone number with hyphens",
    { customerMobilePhone: "010-1234-5678" },
    "customerMobilePhone",
  ],
];

for (const [what, more, field] of MALFORMED) {
  test(`${what} is refused by the field's name, and Toss is not asked`, async (shop) => {
    const { orderId } = await placeOrder(shop);
    const answer = await requestAccount(shop, { orderId, ...more });
    assert.equal(answer.status, 400);
    assert.equal(answer.body.code, "invalid_request");
    assert.match(JSON.stringify(answer.body.details), new RegExp(field));
    assert.equal(requestFor(shop, orderId), undefined);
  });
}

test("a part of an escrow payment is refused before anything is reserved or sent", async (shop) => {
  const account = await paidUnderEscrow(shop);
  const before = cancelRequests(shop).length;
  for (const refundReceiveAccount of [undefined, REFUND_ACCOUNT]) {
    const answer = await cancel(shop, {
      orderId: account.orderId,
      cancelAmount: 1_000,
      refundReceiveAccount,
    });
    assert.equal(answer.status, 422, JSON.stringify(answer.body));
    assert.equal(answer.body.code, "partial_refund_not_possible");
    assert.equal(answer.body.retryable, false);
  }
  assert.equal(cancelRequests(shop).length, before);
  assert.deepEqual(await cancelOperations(shop, account.paymentKey), []);
  assert.equal((await balanceOf(shop, account.paymentKey))?.reserved, 0);

  const all = await cancel(shop, {
    orderId: account.orderId,
    refundReceiveAccount: REFUND_ACCOUNT,
  });
  assert.equal(all.status, 200, JSON.stringify(all.body));
  assert.equal(all.body.status, "refunded");
});

test("parts and the whole asked for at once under escrow give the whole back once, and no part", async (shop) => {
  const account = await paidUnderEscrow(shop);
  const { orderId, paymentKey } = account;
  const shared = crypto.randomUUID();
  const asked = Array.from({ length: 12 }, (_, index) =>
    cancel(shop, {
      orderId,
      refundReceiveAccount: REFUND_ACCOUNT,
      ...(index % 2 === 0 ? { cancelAmount: 1_000 + index } : {}),
      ...(index % 4 === 3 ? { requestId: shared } : {}),
    }));
  const answers = await Promise.all(asked);
  for (const [index, { status, body }] of answers.entries()) {
    const isPart = index % 2 === 0;
    assert.notEqual(isPart && status === 200, true, JSON.stringify(body));
    assert.ok([200, 202, 409, 422].includes(status), JSON.stringify(body));
  }
  const again = await cancel(shop, {
    orderId,
    refundReceiveAccount: REFUND_ACCOUNT,
    requestId: shared,
  });
  const [book] = shop.simulator.books().filter((candidate) =>
    candidate.paymentKey === paymentKey
  );
  assert.ok([200, 409, 422].includes(again.status), JSON.stringify(again.body));
  assert.equal(book?.balanceAmount, 0);
  assert.equal(book?.cancels.length, 1);
  assert.deepEqual(await balanceOf(shop, paymentKey), {
    balance: 0,
    reserved: 0,
    tax_free: 0,
  });
});

test("an amount that is all of it is no part", async (shop) => {
  const account = await paidUnderEscrow(shop);
  const answer = await cancel(shop, {
    orderId: account.orderId,
    cancelAmount: account.amount,
    refundReceiveAccount: REFUND_ACCOUNT,
  });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
});

test("what was asked for counts where Toss's answers have not told", async (shop) => {
  const account = await paidUnderEscrow(shop);
  await shop.stack.sql`
    update public.payments set use_escrow = null where payment_key = ${account.paymentKey}`;
  const answer = await cancel(shop, {
    orderId: account.orderId,
    cancelAmount: 1_000,
    refundReceiveAccount: REFUND_ACCOUNT,
  });
  assert.equal(answer.body.code, "partial_refund_not_possible");
});

test("Toss's own refusal of a part says the same, and leaves the whole to be refunded", async (shop) => {
  const account = await paidUnderEscrow(shop);
  assert.equal(
    shop.simulator.registerDelivery(account.paymentKey).kind,
    "done",
  );
  // As for a payment of which nobody has told that it is under escrow.
  await shop.stack.sql`
    update public.payments set use_escrow = false where payment_key = ${account.paymentKey}`;
  const answer = await cancel(shop, {
    orderId: account.orderId,
    cancelAmount: 1_000,
    refundReceiveAccount: REFUND_ACCOUNT,
  });
  assert.equal(answer.status, 422, JSON.stringify(answer.body));
  assert.equal(answer.body.code, "partial_refund_not_possible");
  assert.equal(answer.body.tossCode, "NOT_ALLOWED_PARTIAL_REFUND");
  assert.equal((await balanceOf(shop, account.paymentKey))?.reserved, 0);
  const all = await cancel(shop, {
    orderId: account.orderId,
    refundReceiveAccount: REFUND_ACCOUNT,
  });
  assert.equal(all.status, 200, JSON.stringify(all.body));
});
