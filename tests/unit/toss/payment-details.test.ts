import assert from "node:assert/strict";
import { paymentDetails } from "../../../supabase/functions/_shared/operations/payment-details.ts";
import { PAYMENT } from "../../../supabase/functions/_shared/toss/payment.ts";
import { paymentJson } from "../support/payment-json.ts";

const detailsOf = (changes: Record<string, unknown>) =>
  paymentDetails(PAYMENT.parse(paymentJson(changes)));

const CARD = {
  amount: 14_000,
  issuerCode: "61",
  acquirerCode: "31",
  number: "12345678****123*",
  installmentPlanMonths: 3,
  approveNo: "00000001",
  cardType: "신용",
  isInterestFree: true,
};

Deno.test("paymentDetails() says what a card payment was", () => {
  const details = detailsOf({
    card: CARD,
    discount: { amount: 1_000 },
    suppliedAmount: 13_637,
    vat: 1_363,
    taxFreeAmount: 0,
    useEscrow: false,
    country: "KR",
  });
  assert.deepEqual(details, {
    m_id: "tvivarepublica",
    easy_pay_provider: null,
    card_issuer_code: "61",
    card_acquirer_code: "31",
    card_number_masked: "12345678****123*",
    card_type: "신용",
    installment_months: 3,
    is_interest_free: true,
    approve_no: "00000001",
    discount_amount: 1_000,
    supplied_amount: 13_637,
    vat: 1_363,
    use_escrow: false,
    country: "KR",
  });
});

Deno.test("paymentDetails() reads names of card companies and easy pay as older versions say them", () => {
  for (
    const [company, code] of [["현대", "61"], ["KB국민카드", "11"], [
      "nobody's",
      null,
    ]]
  ) {
    const details = detailsOf({ version: "1.4", card: { company } });
    assert.equal(details.card_issuer_code, code);
  }
  const details = detailsOf({
    version: "1.4",
    easyPay: "토스페이",
    easyPayAmount: 0,
    easyPayDiscountAmount: 300,
  });
  assert.equal(details.easy_pay_provider, "토스페이");
  assert.equal(details.discount_amount, 300);
});

const SPLITS: [string, Record<string, unknown>][] = [
  ["adds up to more", { suppliedAmount: 13_637, vat: 1_364 }],
  ["leaves a part unsaid", { suppliedAmount: 13_637, vat: null }],
  ["holds a deposit that is outside of tax", {
    suppliedAmount: 13_364,
    vat: 1_336,
    taxExemptionAmount: 300,
  }],
];

for (const [how, split] of SPLITS) {
  Deno.test(`paymentDetails() keeps no tax split that ${how}`, () => {
    const { supplied_amount, vat } = detailsOf({ taxFreeAmount: 0, ...split });
    assert.deepEqual([supplied_amount, vat], [null, null]);
  });
}

Deno.test("paymentDetails() takes a gift certificate's approval number", () => {
  const giftCertificate = { approveNo: "G123", settlementStatus: "COMPLETED" };
  assert.equal(detailsOf({ giftCertificate }).approve_no, "G123");
});

Deno.test("paymentDetails() keeps no whole card number, and nothing that a column cannot hold", () => {
  const details = detailsOf({
    mId: "m".repeat(51),
    country: 82,
    vat: 0.5,
    card: {
      ...CARD,
      number: "1234567812345678",
      installmentPlanMonths: 1.5,
      cardType: { is: "new" },
    },
  });
  assert.equal(details.card_number_masked, null);
  assert.equal(details.m_id, null);
  assert.equal(details.country, null);
  assert.equal(details.vat, null);
  assert.equal(details.installment_months, null);
  assert.equal(details.card_type, null);
  assert.equal(details.approve_no, "00000001");
});
