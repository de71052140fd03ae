import assert from "node:assert/strict";
import fc from "fast-check";
import { withOddField } from "../../../simulator/faults/odd-field.ts";
import { storedMethod } from "../../../supabase/functions/_shared/operations/billing-issue/billing-method.ts";
import { BILLING } from "../../../supabase/functions/_shared/toss/billing.ts";
import { createTossClient } from "../../../supabase/functions/_shared/toss/client.ts";
import { BILLING_FIELDS, oddField } from "../../support/odd-values.ts";
import { paymentJson } from "../support/payment-json.ts";
import { type RawReply, startRawServer } from "../support/raw-server.ts";

const SECRET_KEY = "test_sk_000000secret000000";
const BILLING_KEY = "Z_t5vOvQxrj4499PeiJcjen28-V2RyqgYTwN44Rdzk0=";
const AUTH_KEY = "e_826EDB0730790E96F116FFF3799A65DE";
const CUSTOMER_KEY = "0c9a5b7e-8f2f-4e0a-8b1c-7b6c1d2e3f40";
const KEY = { idempotencyKey: "charge-1-1-1" };

const billingJson = (changes: Record<string, unknown> = {}) => ({
  mId: "tosspayments",
  customerKey: CUSTOMER_KEY,
  authenticatedAt: "2026-11-22T10:00:00+09:00",
  method: "카드",
  billingKey: BILLING_KEY,
  card: {
    issuerCode: "61",
    acquirerCode: "31",
    number: "43301234****123*",
    cardType: "신용",
    ownerType: "개인",
  },
  ...changes,
});

type Client = ReturnType<typeof createTossClient>;

async function callAgainst<Outcome>(
  reply: RawReply,
  call: (client: Client) => Promise<Outcome>,
) {
  await using server = startRawServer(() => reply);
  const logs: unknown[] = [];
  const write = (...line: unknown[]) => logs.push(line);
  const client = createTossClient({
    secretKey: SECRET_KEY,
    baseUrl: server.url,
    timeoutMs: 5_000,
    logger: { info: write, warn: write, error: write },
  });
  const outcome = await call(client);
  for (
    const secret of [BILLING_KEY, encodeURIComponent(BILLING_KEY), AUTH_KEY]
  ) {
    assert.ok(!JSON.stringify(logs).includes(secret), "a secret in the log");
  }
  return { outcome, requests: server.requests, logs };
}

const issue = (client: Client) =>
  client.issueBillingKey(
    { authKey: AUTH_KEY, customerKey: CUSTOMER_KEY },
    KEY,
  );

Deno.test("issueBillingKey() sends the two values under its key and reads the billing key", async () => {
  const { outcome, requests } = await callAgainst(
    { body: JSON.stringify(billingJson()) },
    issue,
  );

  assert.ok(outcome.kind === "answered");
  assert.equal(outcome.value.billingKey, BILLING_KEY);
  assert.equal(requests[0]?.method, "POST");
  assert.equal(requests[0]?.path, "/v1/billing/authorizations/issue");
  assert.deepEqual(JSON.parse(requests[0]?.body ?? ""), {
    authKey: AUTH_KEY,
    customerKey: CUSTOMER_KEY,
  });
  assert.equal(
    requests[0]?.headers.get("idempotency-key"),
    KEY.idempotencyKey,
  );
});

for (
  const [what, changes] of [
    ["another customer's key", { customerKey: "somebody" }],
    ["no key", { billingKey: undefined }],
    ["a key that cannot stand in an address", { billingKey: ".." }],
  ] as const
) {
  Deno.test(`issueBillingKey() does not believe an answer with ${what}`, async () => {
    const body = JSON.stringify(billingJson(changes));
    const { outcome } = await callAgainst({ body }, issue);
    assert.ok(outcome.kind === "unknown");
    assert.equal(outcome.answered, false);
  });
}

Deno.test("issueBillingKey() reports a refusal with its class", async () => {
  const body = JSON.stringify({ code: "NOT_FOUND_BILLING", message: "없음" });
  const { outcome } = await callAgainst({ status: 404, body }, issue);

  assert.ok(outcome.kind === "refused");
  assert.equal(outcome.failure.class, "not_found");
});

const CHARGE = {
  amount: 15_000,
  customerKey: CUSTOMER_KEY,
  orderId: "order_000001",
  orderName: "Pro",
};

Deno.test("charge() puts the billing key into the path, encoded, and the rest into the body", async () => {
  const { outcome, requests } = await callAgainst(
    { body: JSON.stringify(paymentJson({ type: "BILLING" })) },
    (client) => client.charge(BILLING_KEY, CHARGE, KEY),
  );

  assert.ok(outcome.kind === "answered");
  assert.equal(requests[0]?.method, "POST");
  assert.equal(
    requests[0]?.path,
    `/v1/billing/${encodeURIComponent(BILLING_KEY)}`,
  );
  assert.deepEqual(JSON.parse(requests[0]?.body ?? ""), CHARGE);
});

Deno.test("charge() does not believe an answer about another order", async () => {
  const { outcome } = await callAgainst(
    { body: JSON.stringify(paymentJson({ orderId: "order_of_somebody" })) },
    (client) => client.charge(BILLING_KEY, CHARGE, KEY),
  );

  assert.ok(outcome.kind === "unknown");
  assert.equal(outcome.answered, false);
});

for (const body of ["", "{}"]) {
  Deno.test(`deleteBillingKey() takes 200 with ${body || "nothing"} for success`, async () => {
    const { outcome, requests } = await callAgainst(
      { body },
      (client) => client.deleteBillingKey(BILLING_KEY),
    );
    assert.equal(outcome.kind, "answered");
    assert.equal(requests[0]?.method, "DELETE");
    assert.equal(requests[0]?.headers.get("idempotency-key"), null);
  });
}

Deno.test("deleteBillingKey() does not take a proxy's page for success", async () => {
  const { outcome } = await callAgainst(
    { body: "<html>busy</html>" },
    (client) => client.deleteBillingKey(BILLING_KEY),
  );
  assert.equal(outcome.kind, "unknown");
});

Deno.test("storedMethod() shows issuer, masked number and type of a card", () => {
  assert.deepEqual(storedMethod(BILLING.parse(billingJson())), {
    method: "CARD",
    cardIssuerCode: "61",
    cardNumberMasked: "43301234****123*",
    cardType: "신용",
    bankName: null,
    accountNumberMasked: null,
  });
});

Deno.test("storedMethod() reads the number where older API versions have it", () => {
  const { card: { number: _, ...card } } = billingJson();
  const billing = BILLING.parse(
    billingJson({ card, cardNumber: "433012******1234", cardCompany: "현대" }),
  );
  assert.equal(storedMethod(billing).cardNumberMasked, "433012******1234");
});

// Accept-Language may change Toss's words, and an unknown one must not cost the registration.
for (const method of ["계좌이체", "Transfer", null]) {
  Deno.test(`storedMethod() shows an account's bank and masked number, called ${method}`, () => {
    const billing = BILLING.parse(billingJson({
      method,
      card: null,
      transfers: [{
        bankName: "토스뱅크",
        bankAccountNumber: "1000******1234",
      }],
    }));
    assert.deepEqual(storedMethod(billing), {
      method: "TRANSFER",
      cardIssuerCode: null,
      cardNumberMasked: null,
      cardType: null,
      bankName: "토스뱅크",
      accountNumberMasked: "1000******1234",
    });
  });
}

Deno.test("storedMethod() never keeps an account number that Toss forgot to mask", () => {
  const transfers = [{
    bankName: "토스뱅크",
    bankAccountNumber: "100012345678",
  }];
  const { accountNumberMasked } = storedMethod(
    BILLING.parse(billingJson({ method: "계좌이체", card: null, transfers })),
  );
  assert.equal(accountNumberMasked, "****5678");
});

Deno.test("BILLING needs its two keys and nothing else, whatever stands in the rest", () => {
  fc.assert(fc.property(oddField(BILLING_FIELDS), ({ field, value }) => {
    const text = withOddField(JSON.stringify(billingJson()), { field, value });
    const stored = storedMethod(BILLING.parse(JSON.parse(text)));
    assert.match(stored.method, /^(CARD|TRANSFER)$/);
    assert.match(stored.cardNumberMasked ?? "*", /\*/);
    assert.match(stored.accountNumberMasked ?? "*", /\*/);
  }));
});

Deno.test("storedMethod() never keeps a number that Toss forgot to mask", () => {
  const card = { number: "4330123412341234" };
  const { cardNumberMasked } = storedMethod(
    BILLING.parse(billingJson({ card })),
  );
  assert.equal(cardNumberMasked, "****1234");
});
