import assert from "node:assert/strict";
import { CUSTOMER, issue } from "./billing-client.ts";
import { call, refusal } from "./toss-client.ts";
import { MINUTE, withSimulator } from "./with-simulator.ts";
import type { Simulator } from "../../simulator/simulator.ts";

const KEY = { headers: { "idempotency-key": "issue-1" } };

const CARD = {
  ...CUSTOMER,
  cardNumber: "4906251234123456",
  cardExpirationYear: "99",
  cardExpirationMonth: "12",
  customerIdentityNumber: "900101",
};

function issueByCard(simulator: Simulator, changes: Record<string, unknown>) {
  const route = "POST /v1/billing/authorizations/card";
  return call(simulator, route, { body: { ...CARD, ...changes } });
}

Deno.test("simulator §3.1 answers the whole Billing object", async () => {
  await withSimulator(async (simulator) => {
    const authorization = simulator.authorizeCard({
      ...CUSTOMER,
      lastDigits: "1234",
      issuerCode: "61",
      acquirerCode: "31",
      cardType: "체크",
      ownerType: "법인",
    });
    await simulator.advance(MINUTE);
    const { status, json } = await issue(simulator, authorization);
    assert.equal(status, 200);
    const { billingKey, authenticatedAt, ...rest } = json;
    assert.match(billingKey, /^[\w-]{43}=$/);
    const age = simulator.now() - Date.parse(authenticatedAt);
    assert.ok(age >= MINUTE && age < 2 * MINUTE);
    assert.match(authenticatedAt, /\+09:00$/);
    assert.deepEqual(rest, {
      mId: "tosssimulator",
      customerKey: "customer-1",
      method: "카드",
      cardCompany: "현대",
      cardNumber: "94100012****123*",
      card: {
        issuerCode: "61",
        acquirerCode: "31",
        number: "94100012****123*",
        cardType: "체크",
        ownerType: "법인",
      },
      transfers: null,
      easyPay: null,
    });
  });
});

Deno.test("simulator §2.2 takes an authKey once", async () => {
  await withSimulator(async (simulator) => {
    const authorization = simulator.authorizeCard(CUSTOMER);
    assert.equal((await issue(simulator, authorization)).status, 200);
    const bogus = { ...CUSTOMER, authKey: "bln_bogus" };
    for (const body of [authorization, bogus]) {
      const result = await issue(simulator, body);
      assert.equal(refusal(result), "404 NOT_FOUND_BILLING");
    }
    assert.equal(simulator.billingKeys().length, 1);
  });
});

Deno.test("simulator §4 answers a lost issue again under its Idempotency-Key", async () => {
  await withSimulator(async (simulator) => {
    const authorization = simulator.authorizeCard(CUSTOMER);
    simulator.addFault({
      kind: "lose_answer_after",
      path: "/v1/billing/authorizations/issue",
    });
    await assert.rejects(issue(simulator, authorization, KEY));
    const replay = await issue(simulator, authorization, KEY);
    assert.equal(replay.status, 200);
    const [key, ...others] = simulator.billingKeys();
    assert.ok(key);
    assert.equal(key.billingKey, `${replay.json.billingKey.slice(0, 6)}****`);
    assert.deepEqual(others, []);
    const withoutKey = await issue(simulator, authorization);
    assert.equal(refusal(withoutKey), "404 NOT_FOUND_BILLING");
  });
});

Deno.test("simulator loses the authKey with an error after applying", async () => {
  await withSimulator(async (simulator) => {
    const authorization = simulator.authorizeCard(CUSTOMER);
    simulator.addFault({ kind: "status_after", code: "COMMON_ERROR" });
    const failed = await issue(simulator, authorization, KEY);
    assert.equal(refusal(failed), "500 COMMON_ERROR");
    const again = await issue(simulator, authorization, KEY);
    assert.equal(refusal(again), "404 NOT_FOUND_BILLING");
    assert.equal(simulator.billingKeys().length, 1);
  });
});

Deno.test("simulator §2.0 refuses a malformed issue and keeps the authKey", async () => {
  await withSimulator(async (simulator) => {
    const authorization = simulator.authorizeCard(CUSTOMER);
    const cases: [Record<string, unknown>, string][] = [
      [{ authKey: undefined }, "400 INVALID_REQUEST"],
      [{ authKey: "a".repeat(301) }, "400 INVALID_REQUEST"],
      [{ customerKey: "c" }, "400 INVALID_REQUEST"],
      [{ customerKey: "c".repeat(301) }, "500 FAILED_DB_PROCESSING"],
      [{ customerKey: "customer-2" }, "400 INVALID_BILLING_AUTH"],
    ];
    for (const [change, expected] of cases) {
      const result = await issue(simulator, { ...authorization, ...change });
      assert.equal(refusal(result), expected);
    }
    assert.equal((await issue(simulator, authorization)).status, 200);
    const longest = simulator.authorizeCard({ customerKey: "c".repeat(300) });
    assert.equal((await issue(simulator, longest)).status, 200);
  });
});

Deno.test("simulator §1 refuses an authKey of another key pair", async () => {
  const secretKeys = [
    { secretKey: "test_sk_a", clientKey: "test_ck_a" },
    { secretKey: "test_sk_b", clientKey: "test_ck_b" },
  ];
  await withSimulator(async (simulator) => {
    const clientKey = "test_ck_b";
    const body = simulator.authorizeCard({ ...CUSTOMER, clientKey });
    assert.equal(
      refusal(await issue(simulator, body)),
      "400 INVALID_API_KEY",
    );
    const secretKey = "test_sk_b";
    assert.equal((await issue(simulator, body, { secretKey })).status, 200);
  }, { secretKeys });
});

Deno.test("simulator ends an authKey after its lifetime", async () => {
  await withSimulator(async (simulator) => {
    const late = simulator.authorizeCard(CUSTOMER);
    await simulator.advance(10 * MINUTE - 1000);
    const inTime = simulator.authorizeCard(CUSTOMER);
    await simulator.advance(1000);
    assert.equal(
      refusal(await issue(simulator, late)),
      "404 NOT_FOUND_BILLING",
    );
    assert.equal((await issue(simulator, inTime)).status, 200);
  }, { authKeyLifetimeMilliseconds: 10 * MINUTE });
});

Deno.test("simulator §2.2 issues a key for a typed-in card, also without password", async () => {
  await withSimulator(async (simulator) => {
    const { status, json } = await issueByCard(simulator, {});
    assert.equal(status, 200);
    assert.equal(json.customerKey, CUSTOMER.customerKey);
    assert.equal(json.card.number, "49062512****345*");
    assert.equal(json.card.cardType, "신용");
    assert.equal(json.card.ownerType, "개인");
    const business = await issueByCard(simulator, {
      customerIdentityNumber: "1234567890",
      cardPassword: "12",
    });
    assert.equal(business.json.card.ownerType, "법인");
    assert.notEqual(business.json.billingKey, json.billingKey);
  });
});

Deno.test("simulator §5.4 names the field of a card it refuses", async () => {
  await withSimulator(async (simulator) => {
    const cases: [Record<string, unknown>, string][] = [
      [{ cardNumber: "490625" }, "400 INVALID_CARD_NUMBER"],
      [{ cardExpirationYear: "2030" }, "400 INVALID_CARD_EXPIRATION"],
      [{ cardExpirationMonth: "13" }, "400 INVALID_CARD_EXPIRATION"],
      [{ cardExpirationYear: "20" }, "400 INVALID_CARD_EXPIRATION"],
      [{ customerIdentityNumber: "19900101" }, "400 INVALID_BIRTH_DAY_FORMAT"],
      [{ cardPassword: "1234" }, "400 INVALID_CARD_PASSWORD"],
      [{ customerEmail: "nobody" }, "400 INVALID_EMAIL"],
      [{ cardNumber: undefined }, "400 INVALID_REQUEST"],
      [{ customerKey: "c".repeat(301) }, "500 FAILED_DB_PROCESSING"],
    ];
    for (const [change, expected] of cases) {
      assert.equal(refusal(await issueByCard(simulator, change)), expected);
    }
    assert.deepEqual(simulator.billingKeys(), []);
  });
});
