import assert from "node:assert/strict";
import { setVaultSecrets } from "../../../stack/vault.ts";
import type { DoctorTarget } from "../../../scripts/doctor/target.ts";
import { examine, faultPoint, namesOf } from "../../support/doctor.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { moveDatabaseClock } from "../../support/worker.ts";

const fault = faultPoint();
const test = shopTests({ intercept: fault.intercept });

const REF = "abcdefghijklmnopqrst";
const HOSTED_URL = `https://${REF}.supabase.co`;
const MANAGEMENT_URL = "https://management.test";

/** The stack under a hosted project's address, and a management API that knows its region. */
function hostedFetch({ stack }: Shop, region: string): typeof fetch {
  return (input, init) => {
    const url = String(input);
    if (url.startsWith(HOSTED_URL)) {
      return fetch(url.replace(HOSTED_URL, stack.apiUrl), init);
    }
    if (!url.startsWith(MANAGEMENT_URL)) return fetch(input, init);
    const { authorization } = Object(init?.headers);
    assert.equal(url, `${MANAGEMENT_URL}/v1/projects/${REF}`);
    return Promise.resolve(
      authorization === "Bearer sbp_token"
        ? Response.json({ id: REF, region })
        : Response.json({ message: "Unauthorized" }, { status: 401 }),
    );
  };
}

/** Runs doctor as for a hosted project in a region. */
function examineHosted(
  shop: Shop,
  { region = "ap-northeast-2", ...changes }:
    & Partial<DoctorTarget>
    & { region?: string } = {},
) {
  return examine(shop, {
    url: HOSTED_URL,
    accessToken: "sbp_token",
    ...changes,
  }, {
    fetch: hostedFetch(shop, region),
    managementApiUrl: MANAGEMENT_URL,
  });
}

/** What the stack has of a hosted project differs in these: its extensions are stand-ins, its address another. */
const STAND_INS = [
  "extension:pg_cron",
  "extension:pg_net",
  "extension:supabase_vault",
  "vault",
];

test("a project in Seoul is well placed", async (shop) => {
  const findings = await examineHosted(shop);

  assert.deepEqual(namesOf(findings, "fail"), []);
  assert.deepEqual(namesOf(findings, "warn"), STAND_INS);
  const region = findings.find(({ check }) => check === "region");
  assert.equal(region?.detail, "ap-northeast-2 (Seoul), beside Toss");
});

test("a project elsewhere is advised", async (shop) => {
  const findings = await examineHosted(shop, { region: "us-east-1" });

  assert.deepEqual(namesOf(findings, "fail"), []);
  assert.deepEqual(namesOf(findings, "warn"), [...STAND_INS, "region"]);
});

test("without an access token, or with a wrong one, the region is where a call of the database ran", async (shop) => {
  const tokens = [null, "sbp_wrong"];
  for (const accessToken of tokens) {
    const unknown = await examineHosted(shop, { accessToken });
    assert.deepEqual(namesOf(unknown, "warn"), [...STAND_INS, "region"]);
    const known = await fault.during(async (_request, forward) => {
      const answer = await forward();
      const headers = new Headers(answer.headers);
      headers.set("x-sb-edge-region", "ap-northeast-2");
      return new Response(answer.body, { status: answer.status, headers });
    }, () => examineHosted(shop, { accessToken }));
    assert.deepEqual(namesOf(known, "warn"), STAND_INS);
  }
});

test("a Vault that names another project is noted", async (shop) => {
  const { sql, apiUrl } = shop.stack;
  const detailOf = async () =>
    (await examineHosted(shop))
      .find(({ check }) => check === "vault")?.detail ?? "";
  assert.match(await detailOf(), new RegExp(`wakes ${apiUrl}, which is not`));

  await setVaultSecrets(sql, { supabase_tosspayments_url: `${HOSTED_URL}/` });
  const detail = await detailOf().finally(() =>
    setVaultSecrets(sql, { supabase_tosspayments_url: apiUrl })
  );
  assert.match(detail, /^holds the secret and the address/);
});

test("a moved clock breaks a hosted project", async (shop) => {
  await moveDatabaseClock(shop, -7200);
  const findings = await examineHosted(shop);

  assert.deepEqual(namesOf(findings, "fail"), ["clock_offset"]);
  const finding = findings.find(({ check }) => check === "clock_offset");
  assert.match(finding?.detail ?? "", /moved 2 hours back/);
});

test("variables that mean live keys while the functions run with test keys are named", async (shop) => {
  const findings = await examineHosted(shop, {
    variables: {
      ...shop.stack.projectVariables,
      TOSS_SECRET_KEY: "live_sk_a",
      TOSS_CLIENT_KEY: "live_ck_a",
      TOSS_API_BASE_URL: "https://toss.test",
    },
  });

  assert.deepEqual(namesOf(findings, "fail"), ["toss_keys"]);
  const finding = findings.find(({ check }) => check === "toss_keys");
  assert.match(finding?.detail ?? "", /run with test keys.*holds live keys/);
});
