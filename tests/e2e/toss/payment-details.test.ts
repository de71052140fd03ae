import assert from "node:assert/strict";
import {
  API_VERSIONS,
  type ApiVersion,
} from "../../../simulator/payments/api-version.ts";
import type { PaymentMethod } from "../../../simulator/payments/payment.ts";
import { signUp } from "../../../stack/users.ts";
import { assertBooksAgree, assertInvariantsHold } from "../../support/books.ts";
import { confirm, placeOrder, type Purchase } from "../../support/buy.ts";
import { cancel } from "../../support/cancel.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

// In version 1.4 Toss tells no keys of cancels, which the comparison of the two books goes by.
const test = shopTests({}, assertInvariantsHold);

const TWENTY_STICKERS = { items: [{ productId: "sticker", quantity: 20 }] };

const COLUMNS =
  "m_id, easy_pay_provider, card_issuer_code, card_acquirer_code, card_number_masked, card_type, installment_months, is_interest_free, approve_no, discount_amount, supplied_amount, vat, tax_free_amount, use_escrow, country";

interface Chosen {
  method?: PaymentMethod;
  installmentPlanMonths?: number;
  isInterestFree?: boolean;
  discountAmount?: number;
  taxFreeAmount?: number;
}

async function pay(
  shop: Shop,
  chosen: Chosen,
  accessToken?: string,
): Promise<Purchase> {
  const { orderId, amount } = await placeOrder(
    shop,
    TWENTY_STICKERS,
    accessToken,
  );
  const { paymentKey } = shop.simulator.createPayment({
    orderId,
    amount,
    ...chosen,
  });
  const purchase = { paymentKey, orderId, amount };
  const answer = await confirm(shop, purchase);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return purchase;
}

async function detailsOf({ stack }: Shop, { paymentKey }: Purchase) {
  const [row] = await stack.sql<Record<string, unknown>[]>`
    select ${
    stack.sql.unsafe(COLUMNS)
  } from public.payments where payment_key = ${paymentKey}`;
  assert.ok(row);
  return row;
}

/** What a version has no word for. */
const UNSAID: Record<ApiVersion, Record<string, null>> = {
  "1.4": { card_acquirer_code: null },
  "2022-06-08": { card_acquirer_code: null },
  "2022-11-16": {},
  "2024-06-01": { m_id: null },
};

for (const apiVersion of API_VERSIONS) {
  test(`a card payment says in version ${apiVersion} what it was`, async (shop) => {
    shop.simulator.changeSettings({ apiVersion });
    const purchase = await pay(shop, {
      installmentPlanMonths: 3,
      isInterestFree: true,
      discountAmount: 1000,
      taxFreeAmount: 10_000,
    });
    const { approve_no, m_id, card_number_masked, ...details } =
      await detailsOf(shop, purchase);
    assert.match(String(approve_no), /^\d{8}$/);
    assert.match(String(card_number_masked), /^\d{8}\*{4}\d{3}\*$/);
    assert.equal(m_id === null, "m_id" in UNSAID[apiVersion]);
    const { m_id: _, ...unsaid } = UNSAID[apiVersion];
    assert.deepEqual(details, {
      easy_pay_provider: null,
      card_issuer_code: "11",
      card_acquirer_code: "11",
      card_type: "신용",
      installment_months: 3,
      is_interest_free: true,
      discount_amount: "1000",
      // 60,000 won of which 10,000 are tax-free: 1/11 of the rest is VAT.
      supplied_amount: "45455",
      vat: "4545",
      tax_free_amount: "10000",
      use_escrow: false,
      country: "KR",
      ...unsaid,
    });
  });

  test(`easy pay says in version ${apiVersion} whose it was and what it took off`, async (shop) => {
    shop.simulator.changeSettings({ apiVersion });
    const purchase = await pay(shop, {
      method: "간편결제",
      discountAmount: 500,
    });
    const details = await detailsOf(shop, purchase);
    assert.equal(details.easy_pay_provider, "토스페이");
    assert.equal(details.discount_amount, "500");
    assert.equal(details.card_issuer_code, null);
  });
}

for (
  const method of ["계좌이체", "휴대폰", "문화상품권"] as const
) {
  test(`a payment by ${method} leaves empty what it has not`, async (shop) => {
    const details = await detailsOf(shop, await pay(shop, { method }));
    const { approve_no, m_id: _, ...rest } = details;
    assert.equal(approve_no !== null, method === "문화상품권");
    assert.deepEqual(rest, {
      easy_pay_provider: null,
      card_issuer_code: null,
      card_acquirer_code: null,
      card_number_masked: null,
      card_type: null,
      installment_months: null,
      is_interest_free: null,
      discount_amount: null,
      supplied_amount: "54545",
      vat: "5455",
      tax_free_amount: "0",
      use_escrow: false,
      country: "KR",
    });
  });
}

test("after refunds the split is that of what is left, and the card stays known", async (shop) => {
  const purchase = await pay(shop, { taxFreeAmount: 10_000 });
  const { orderId } = purchase;
  const part = await cancel(shop, { orderId, cancelAmount: 17_000 });
  assert.equal(part.status, 200, JSON.stringify(part.body));
  const left = await detailsOf(shop, purchase);
  assert.deepEqual(
    [left.supplied_amount, left.vat, left.tax_free_amount],
    ["30000", "3000", "10000"],
  );
  await cancel(shop, { orderId });
  const nothing = await detailsOf(shop, purchase);
  assert.deepEqual(
    [nothing.supplied_amount, nothing.vat, nothing.tax_free_amount],
    ["0", "0", "0"],
  );
  assert.equal(nothing.card_issuer_code, "11");
  await assertBooksAgree(shop);
});

test("a part below the card company's discount is refused, and nothing is given back", async (shop) => {
  const { orderId } = await pay(shop, { discountAmount: 3000 });
  const answer = await cancel(shop, { orderId, cancelAmount: 1000 });
  assert.equal(answer.status, 402, JSON.stringify(answer.body));
  assert.equal(
    answer.body.tossCode,
    "EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT",
  );
  await assertBooksAgree(shop);
});

test("a buyer reads the details of own payments, and the overview has them for Studio", async (shop) => {
  const buyer = await signUp(shop);
  const other = await signUp(shop);
  const { paymentKey, orderId } = await pay(shop, {
    installmentPlanMonths: 6,
  }, buyer.accessToken);
  const read = (client: typeof buyer.client) =>
    client.from("payments").select(COLUMNS).eq("payment_key", paymentKey);
  const own = await read(buyer.client);
  assert.equal(own.error, null);
  assert.equal(own.data.length, 1);
  assert.deepEqual((await read(other.client)).data, []);

  const [line] = await shop.stack.sql`
    select order_name, status, method, amount::int, refunded::int from public.payment_overview
    where order_id = ${orderId}`;
  assert.deepEqual({ ...line }, {
    order_name: line?.order_name,
    status: "DONE",
    method: "카드 94100012****789* 6개월",
    amount: 60_000,
    refunded: 0,
  });
});
