import assert from "node:assert/strict";
import {
  BILLING_STATE_PURPOSE,
  writeBillingState,
} from "../../../supabase/functions/_shared/security/billing-state.ts";
import { createDerivedSigner } from "../../../supabase/functions/_shared/security/derived-signer.ts";
import {
  redactJson,
  redactText,
} from "../../../supabase/functions/_shared/security/redact.ts";

const CUSTOMER_KEY = "0c9a5b7e-8f2f-4e0a-8b1c-7b6c1d2e3f40";
const AUTH_KEY = "bln_5JdqVbBdKm2";
const BILLING_KEY = "Z_t5vOvQxrj4499PeiJcjen28-V2RyqgYTwN44Rdzk0=";

/** Every way a value gets into a log line: as a field, and within a text. */
function shown(name: string, value: unknown): string {
  const field = { [name]: value };
  const json = JSON.stringify(field);
  return [
    JSON.stringify(redactJson({ body: field, list: [field] })),
    redactText(`refused ${json}`),
    redactText(`refused ${JSON.stringify({ text: json })}`),
    ...(typeof value === "string"
      ? [
        redactText(`GET /billing-issue?a=1&${name}=${value}&b=2`),
        redactText(`${name}: ${value}`),
      ]
      : []),
  ].join("\n");
}

for (
  const [name, value] of [
    ["authKey", AUTH_KEY],
    ["auth_key", AUTH_KEY],
    ["billingKey", BILLING_KEY],
    ["billing_key", BILLING_KEY],
  ] as const
) {
  Deno.test(`no ${name} is shown, whatever carries it`, () => {
    assert.equal(shown(name, value).includes(value), false);
  });
}

Deno.test("nothing of a refund account is shown but its bank", () => {
  const account = {
    bank: "20",
    accountNumber: "110123456789",
    holderName: "김토스",
  };
  // As the request carries it, and as it is encrypted.
  const texts = [
    JSON.stringify(redactJson({ refundReceiveAccount: account })),
    redactText(JSON.stringify({ refundReceiveAccount: account })),
    JSON.stringify(redactJson({ secret: account })),
    JSON.stringify(redactJson(account)),
    redactText(JSON.stringify(account)),
  ];
  for (const text of texts) {
    assert.equal(text.includes(account.accountNumber), false, text);
    assert.equal(text.includes(account.holderName), false, text);
  }
});

Deno.test("no state of a registration is shown, with or without its name", async () => {
  const signer = createDerivedSigner(
    JSON.stringify({ k1: btoa("0123456789abcdef0123456789abcdef") }),
    BILLING_STATE_PURPOSE,
  );
  const userId = "6f8cdbb1-51ba-4a4e-9f6c-0d7f8c3c2a11";
  const states = [
    { userId, customerKey: CUSTOMER_KEY },
    // The longest there can be.
    { userId, customerKey: "c".repeat(300), planId: "p".repeat(64) },
  ];
  for (const state of states) {
    const token = await writeBillingState(signer, state, Date.now());
    const [payload = "", signature = ""] = token.split(".");
    const text = `${shown("state", token)}\n${redactText(`for ${token} only`)}`;
    assert.equal(text.includes(payload.slice(-12)), false);
    assert.equal(text.includes(signature), false);
  }
});

Deno.test("how an operation stands and whose it is stays readable", () => {
  const line = {
    state: "started",
    customerKey: CUSTOMER_KEY,
    billingMethodId: "6f8cdbb1-51ba-4a4e-9f6c-0d7f8c3c2a11",
  };
  assert.deepEqual(redactJson(line), line);
  assert.equal(redactText(JSON.stringify(line)), JSON.stringify(line));
});
