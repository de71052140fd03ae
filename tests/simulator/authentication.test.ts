import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { call, refusal } from "./toss-client.ts";
import { ORDER, withSimulator } from "./with-simulator.ts";

const ROUTE = "GET /v1/payments/nothing";

Deno.test("simulator §12.1 answers 401 UNAUTHORIZED_KEY without a header", async () => {
  await withSimulator(async (simulator) => {
    const response = await fetch(`${simulator.url}/v1/payments/nothing`);
    const body = await response.json();
    assert.equal(response.status, 401);
    assert.deepEqual(body, {
      code: "UNAUTHORIZED_KEY",
      message: "인증되지 않은 시크릿 키 혹은 클라이언트 키 입니다.",
    });
  });
});

Deno.test("simulator §12.1 answers 401 to an unknown key", async () => {
  await withSimulator(async (simulator) => {
    const result = await call(simulator, ROUTE, { secretKey: "test_sk_other" });
    assert.equal(refusal(result), "401 UNAUTHORIZED_KEY");
  });
});

Deno.test("simulator §12.1 answers 403 to a token without colon", async () => {
  await withSimulator(async (simulator) => {
    const token = Buffer.from(simulator.secretKey).toString("base64");
    const headers = { authorization: `Basic ${token}` };
    const result = await call(simulator, ROUTE, { headers });
    assert.equal(refusal(result), "403 INCORRECT_BASIC_AUTH_FORMAT");
  });
});

Deno.test("simulator §12.1 answers in English when asked to", async () => {
  await withSimulator(async (simulator) => {
    const headers = { "accept-language": "en-US" };
    const result = await call(simulator, ROUTE, { headers });
    assert.equal(result.json.message, "The payment does not exist.");
  });
});

Deno.test("simulator §12.1 gives every answer a trace id", async () => {
  await withSimulator(async (simulator) => {
    const result = await call(simulator, ROUTE);
    const traceId = result.headers.get("x-tosspayments-trace-id") ?? "";
    assert.match(traceId, /^[0-9a-f]{32}$/);
  });
});

Deno.test("simulator §12.1 refuses a confirm with another pair's key", async () => {
  const secretKeys = [
    { secretKey: "test_sk_one", clientKey: "test_ck_one" },
    { secretKey: "test_gsk_two", clientKey: "test_gck_two" },
  ];
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment({
      ...ORDER,
      clientKey: "test_gck_two",
    });
    const body = { paymentKey: payment.paymentKey, ...ORDER };
    const route = "POST /v1/payments/confirm";
    const wrong = await call(simulator, route, { body });
    assert.equal(refusal(wrong), "400 INVALID_API_KEY");
    const secretKey = "test_gsk_two";
    const right = await call(simulator, route, { body, secretKey });
    assert.equal(right.status, 200);
  }, { secretKeys });
});

Deno.test("simulator answers an unknown route with 404 NOT_FOUND_HTTP_METHOD", async () => {
  await withSimulator(async (simulator) => {
    for (const route of ["GET /v1/nothing", "PUT /v1/payments/confirm"]) {
      const result = await call(simulator, route);
      assert.equal(refusal(result), "404 NOT_FOUND_HTTP_METHOD");
    }
    const outside = await call(simulator, "GET /nothing");
    assert.equal(refusal(outside), "404 NOT_FOUND_HTTP_METHOD");
  });
});
