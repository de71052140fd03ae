import assert from "node:assert/strict";
import type { Config } from "../../../supabase/functions/_shared/config/config.ts";
import { AppError } from "../../../supabase/functions/_shared/http/app-error.ts";
import { checkSender } from "../../../supabase/functions/_shared/webhooks/check-sender.ts";
import { clientAddress } from "../../../supabase/functions/_shared/http/client-address.ts";

const OPEN: Config["webhook"] = {
  schemes: [],
  requireSignature: false,
  hasSecurityKey: false,
  urlToken: undefined,
  allowedIps: [],
  clientIpHeader: "cf-connecting-ip",
};

const TOSS = "13.124.18.147";

/** The code with which a delivery is refused; null when it may pass. */
function refusal(
  settings: Partial<Config["webhook"]>,
  headers: Record<string, string> = {},
  query = "",
): string | null {
  const url = `https://project.example/webhook${query}`;
  const request = new Request(url, { method: "POST", headers });
  try {
    checkSender(request, { ...OPEN, ...settings });
    return null;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

Deno.test("clientAddress() takes the one entry of x-forwarded-for that the platform wrote", () => {
  const cases: [string, string | null][] = [
    [TOSS, TOSS],
    [`${TOSS}, 192.0.2.9`, "192.0.2.9"],
    [`${TOSS},192.0.2.9 `, "192.0.2.9"],
    ["::ffff:192.0.2.9", "192.0.2.9"],
    ["2001:DB8:0:0:0:0:0:1", "[2001:db8::1]"],
    [`${TOSS}, unknown`, null],
    [`${TOSS},`, null],
    ["", null],
  ];
  for (const [value, address] of cases) {
    const headers = new Headers({ "x-forwarded-for": value });
    assert.equal(clientAddress(headers, "x-forwarded-for"), address, value);
  }
});

Deno.test("checkSender() lets everybody pass while nothing is configured", () => {
  assert.equal(refusal({}), null);
  assert.equal(refusal({}, {}, "?token=whatever"), null);
});

Deno.test("checkSender() goes by the configured header alone", () => {
  const allowedIps = [TOSS, "2001:db8::1"];
  const check = (headers: Record<string, string>, clientIpHeader?: string) =>
    refusal(
      { allowedIps, ...(clientIpHeader ? { clientIpHeader } : {}) },
      headers,
    );
  assert.equal(check({ "cf-connecting-ip": TOSS }), null);
  assert.equal(check({ "cf-connecting-ip": `::ffff:${TOSS}` }), null);
  assert.equal(check({ "cf-connecting-ip": "2001:0db8::0001" }), null);
  assert.equal(check({ "cf-connecting-ip": "192.0.2.9" }), "ip_not_allowed");
  assert.equal(check({ "cf-connecting-ip": "fe80::1%eth0" }), "ip_not_allowed");
  assert.equal(check({}), "ip_not_allowed");
  const invented = { "x-forwarded-for": TOSS, "x-real-ip": TOSS };
  assert.equal(check(invented), "ip_not_allowed");
  const beside = { ...invented, "cf-connecting-ip": "192.0.2.9" };
  assert.equal(check(beside), "ip_not_allowed");
  const chain = { "x-forwarded-for": `${TOSS}, 192.0.2.9` };
  assert.equal(check(chain, "x-forwarded-for"), "ip_not_allowed");
  const last = { "x-forwarded-for": `192.0.2.9, ${TOSS}` };
  assert.equal(check(last, "x-forwarded-for"), null);
});

Deno.test("checkSender() asks for the URL token, exactly", () => {
  const urlToken = "k-3f9a";
  assert.equal(refusal({ urlToken }, {}, "?token=k-3f9a"), null);
  for (
    const query of [
      "",
      "?token=",
      "?token=k-3f9",
      "?token=k-3f9a0",
      "?Token=k-3f9a",
      "?token=K-3F9A",
      "?token=other&token=k-3f9a",
    ]
  ) {
    assert.equal(refusal({ urlToken }, {}, query), "unauthorized", query);
  }
});

Deno.test("checkSender() looks at the address before the token", () => {
  const settings = { allowedIps: [TOSS], urlToken: "k-3f9a" };
  assert.equal(refusal(settings), "ip_not_allowed");
  const headers = { "cf-connecting-ip": TOSS };
  assert.equal(refusal(settings, headers), "unauthorized");
});
