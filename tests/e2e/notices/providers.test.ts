import assert from "node:assert/strict";
import {
  type Providers,
  startProviders,
} from "../../../simulator/providers/providers.ts";
import { sendEmail } from "../../../supabase/functions/_shared/notices/channels/resend.ts";
import { authorization } from "../../../supabase/functions/_shared/notices/channels/solapi-request.ts";
import { sendMessage } from "../../../supabase/functions/_shared/notices/channels/solapi.ts";
import type { SendOutcome } from "../../../supabase/functions/_shared/notices/channels/outcome.ts";

const TEMPLATE = "KA01TP00000000000000000000000000";

async function withProviders(
  body: (opened: ReturnType<typeof world>) => Promise<void>,
): Promise<void> {
  const providers = await startProviders();
  try {
    await body(world(providers));
  } finally {
    await providers.stop();
  }
}

function world(providers: Providers) {
  const resend = {
    apiKey: "re_local",
    baseUrl: providers.resendUrl,
    from: "상점 <notice@shop.example>",
  };
  const solapi = {
    apiKey: "LOCAL",
    apiSecret: providers.solapiSecret,
    baseUrl: providers.solapiUrl,
    sender: "021234567",
    pfId: "KA01PF00000000000000000000000000",
    templates: { receipt: TEMPLATE },
  };
  const email = {
    id: crypto.randomUUID(),
    notice: "receipt",
    to: "buyer@mail.test",
    subject: "영수증",
    text: "24,000원",
    html: "<p>24,000원</p>",
  };
  const message = {
    id: crypto.randomUUID(),
    notice: "receipt",
    to: "01012345678",
    content: { type: "LMS" as const, subject: "영수증", text: "24,000원" },
    variables: { "#{금액}": "24,000원" } as Record<string, string> | null,
    doubtSince: null as string | null,
  };
  return {
    providers,
    resend,
    solapi,
    email,
    message,
    mail: (changes: Partial<typeof email> = {}) =>
      sendEmail(fetch, resend, { ...email, ...changes }),
    text: (changes: Partial<typeof message> = {}) =>
      sendMessage(fetch, solapi, { ...message, ...changes }),
  };
}

function faultOf(outcome: SendOutcome): string {
  return outcome.kind === "sent"
    ? "sent"
    : `${outcome.fault}${outcome.mayBeSent ? "?" : ""}: ${outcome.code}`;
}

Deno.test("sendEmail() is taken once under one key, with the same id again", () =>
  withProviders(async ({ providers, mail }) => {
    const first = await mail();
    assert.equal(first.kind, "sent");
    assert.deepEqual(await mail(), first);
    // Another text under the key: Resend has the e-mail already.
    assert.deepEqual(await mail({ text: "other" }), {
      kind: "sent",
      providerId: null,
    });
    const [entry, ...others] = providers.mailbox();
    assert.deepEqual(others, []);
    assert.equal(entry?.to, "buyer@mail.test");
    assert.equal(entry?.subject, "영수증");
  }));

Deno.test("sendEmail() after a lost answer finds what Resend has taken", () =>
  withProviders(async ({ providers, mail }) => {
    providers.addFault({ provider: "resend", kind: "lose_after" });
    assert.equal(faultOf(await mail()), "outage?: no_answer");
    const again = await mail();
    assert.equal(again.kind === "sent" && typeof again.providerId, "string");
    assert.equal(providers.mailbox().length, 1);
  }));

for (
  const [kind, expected] of [
    ["outage", "outage?: internal_server_error"],
    ["rate_limit", "rate_limit: rate_limit_exceeded"],
    ["quota", "rate_limit: daily_quota_exceeded"],
    ["bad_key", "configuration: invalid_api_key"],
    ["bad_address", "bad_address: validation_error"],
    ["bad_sender", "configuration: validation_error"],
    ["lose_before", "outage?: no_answer"],
  ] as const
) {
  Deno.test(`sendEmail() tells ${kind} from the rest`, () =>
    withProviders(async ({ providers, mail }) => {
      providers.addFault({ provider: "resend", kind });
      assert.equal(faultOf(await mail()), expected);
      assert.equal(faultOf(await mail()), "sent");
    }));
}

Deno.test("sendEmail() waits as long as Resend asks", () =>
  withProviders(async ({ providers, mail }) => {
    providers.addFault({ provider: "resend", kind: "rate_limit" });
    const outcome = await mail();
    assert.equal(outcome.kind === "not_sent" && outcome.retryAfterSeconds, 1);
  }));

Deno.test("sendMessage() sends 알림톡 by its template, with SMS behind it", () =>
  withProviders(async ({ providers, text }) => {
    providers.setTemplates({ [TEMPLATE]: "결제 금액: #{금액}" });
    assert.equal(faultOf(await text()), "sent");
    const [entry] = providers.mailbox();
    assert.equal(entry?.type, "ATA");
    assert.equal(entry?.text, "결제 금액: 24,000원");
  }));

Deno.test("sendMessage() sends text at once when Kakao does not know the template, and says so", () =>
  withProviders(async ({ providers, text }) => {
    const outcome = await text();
    assert.equal(
      outcome.kind === "sent" && outcome.detour,
      "template_refused: 1042",
    );
    const [entry] = providers.mailbox();
    assert.deepEqual([entry?.type, entry?.text], ["LMS", "24,000원"]);
  }));

Deno.test("sendMessage() without a template sends text", () =>
  withProviders(async ({ providers, text }) => {
    assert.equal(faultOf(await text({ variables: null })), "sent");
    assert.equal(faultOf(await text({ notice: "refund" })), "sent");
    assert.deepEqual(providers.mailbox().map(({ type }) => type), [
      "LMS",
      "LMS",
    ]);
  }));

for (
  const [kind, expected] of [
    ["outage", "outage?: InternalError"],
    ["rate_limit", "rate_limit: TooManyRequests"],
    ["quota", "configuration: 1030"],
    ["bad_key", "configuration: InvalidAPIKey"],
    ["bad_address", "bad_address: 3010"],
    ["bad_sender", "configuration: 1062"],
    ["lose_before", "outage?: no_answer"],
    ["lose_after", "outage?: no_answer"],
  ] as const
) {
  Deno.test(`sendMessage() tells ${kind} from the rest`, () =>
    withProviders(async ({ providers, text }) => {
      providers.addFault({ provider: "solapi", kind });
      assert.equal(faultOf(await text({ variables: null })), expected);
    }));
}

Deno.test("sendMessage() after an attempt whose end is unknown looks before it sends again", () =>
  withProviders(async ({ providers, text }) => {
    const doubtSince = new Date().toISOString();
    const plain = { variables: null };
    providers.addFault({ provider: "solapi", kind: "lose_after" });
    await text(plain);
    assert.equal(faultOf(await text({ ...plain, doubtSince })), "sent");
    assert.equal(providers.mailbox().length, 1);
    // Another one to the same number is another one.
    const other = { ...plain, doubtSince, id: crypto.randomUUID() };
    assert.equal(faultOf(await text(other)), "sent");
    assert.equal(providers.mailbox().length, 2);
  }));

Deno.test("sendMessage() that cannot look does not send", () =>
  withProviders(async ({ providers, text }) => {
    providers.addFault({ provider: "solapi", kind: "bad_key" });
    const doubtSince = new Date().toISOString();
    assert.equal(
      faultOf(await text({ variables: null, doubtSince })),
      "configuration: InvalidAPIKey",
    );
    assert.deepEqual(providers.mailbox(), []);
  }));

Deno.test("no outcome holds anything of the buyer's", () =>
  withProviders(async ({ providers, mail, text }) => {
    for (const kind of ["bad_address", "bad_sender"] as const) {
      providers.addFault({ provider: "resend", kind });
      providers.addFault({ provider: "solapi", kind });
      const told = JSON.stringify([await mail(), await text()]);
      assert.doesNotMatch(told, /buyer|01012345678/);
    }
  }));

Deno.test("authorization() signs date and salt", () => {
  // HMAC-SHA256("2019-07-01T00:41:48.000Z" + salt) under the secret, computed with openssl.
  assert.equal(
    authorization(
      { apiKey: "NCSAYU7YDBXYORXC", apiSecret: "ABCDEFGHIJKLMNOP" },
      new Date("2019-07-01T00:41:48Z"),
      "jqsba2jxjnrjor",
    ),
    "HMAC-SHA256 apiKey=NCSAYU7YDBXYORXC, date=2019-07-01T00:41:48.000Z, salt=jqsba2jxjnrjor, signature=44ef169ec10a993e89c560b94567c9aa401c57f86dc4b4dbf078ad8bc87d37d0",
  );
});
