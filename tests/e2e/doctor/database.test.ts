import assert from "node:assert/strict";
import {
  answerAt,
  assertHealthy,
  assertOnlyBroken,
  assertOnlyWarning,
  examine,
  faultPoint,
  namesOf,
} from "../../support/doctor.ts";
import type { Intercept } from "../../../stack/gateway.ts";
import { buy, startPurchase } from "../../support/buy.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { deliverWebhook, settleWebhooks } from "../../support/webhooks.ts";
import { advance, moveDatabaseClock } from "../../support/worker.ts";

const fault = faultPoint();
const test = shopTests({ intercept: fault.intercept });

/** Shifts the clock of one host: the Date header of its answers, and what a simulator there says about its time. */
function withClockOf(origin: string, seconds: number): typeof fetch {
  return async (input, init) => {
    const answer = await fetch(input, init);
    if (new URL(String(input)).origin !== origin) return answer;
    const headers = new Headers(answer.headers);
    const date = Date.parse(headers.get("date") ?? "") + seconds * 1000;
    headers.set("date", new Date(date).toUTCString());
    const { status } = answer;
    if (!String(input).endsWith("/__simulator/clock")) {
      return new Response(answer.body, { status, headers });
    }
    const { now, milliseconds } = await answer.json();
    return Response.json(
      { now, milliseconds: milliseconds + seconds * 1000 },
      { status, headers: { date: headers.get("date") ?? "" } },
    );
  };
}

test("a Data API that does not answer is named", async (shop) => {
  const findings = await fault.during(
    (request, forward) =>
      new URL(request.url).pathname.startsWith("/rest/v1")
        ? Promise.resolve(Response.json({ code: "PGRST001" }, { status: 503 }))
        : forward(),
    () => examine(shop),
  );

  const [finding] = assertOnlyBroken(findings, "data_api");
  assert.match(finding?.detail ?? "", /503 PGRST001/);
});

test("a migration that is not applied is named", async (shop) => {
  const { sql } = shop.stack;
  const [row] = await sql<{ version: string }[]>`
    select max(version) as version from supabase_migrations.schema_migrations`;
  const version = row?.version ?? "";
  await sql`
    update supabase_migrations.schema_migrations set version = 'away' where version = ${version}`;
  const findings = await examine(shop).finally(() =>
    sql`
      update supabase_migrations.schema_migrations set version = ${version} where version = 'away'`
  );

  const [finding] = assertOnlyBroken(findings, "migrations");
  assert.equal(finding?.detail, `1 not applied, the first is ${version}`);
});

test("a database from before the diagnosis is named", async (shop) => {
  const answer = () => Response.json({ code: "PGRST202" }, { status: 404 });
  const findings = await fault.during(
    answerAt("/rest/v1/rpc/diagnose", answer),
    () => examine(shop),
  );

  assertOnlyBroken(findings, "migrations");
});

/** The database's diagnosis with other values in it. */
function diagnosisWith(changes: Record<string, unknown>): Intercept {
  return async (request, forward) => {
    const answer = await forward();
    return new URL(request.url).pathname === "/rest/v1/rpc/diagnose"
      ? Response.json({ ...await answer.json(), ...changes })
      : answer;
  };
}

test("a Postgres that is too old is named", async (shop) => {
  const findings = await fault.during(
    diagnosisWith({ serverVersion: 140_012 }),
    () => examine(shop),
  );

  const [finding] = assertOnlyBroken(findings, "postgres");
  assert.match(finding?.detail ?? "", /version 14; 15/);
});

test("an extension with a newer version waiting is noted", async (shop) => {
  const extension = (name: string, availableVersion: string) => ({
    name,
    isUsable: true,
    installedVersion: "1.6.1",
    availableVersion,
  });
  const findings = await fault.during(
    diagnosisWith({
      extensions: [extension("pg_cron", "1.6.4"), extension("pg_net", "1.6.1")],
    }),
    () => examine(shop),
  );

  const finding = assertOnlyWarning(findings, "extension:pg_cron");
  assert.match(finding.detail, /version 1\.6\.1; 1\.6\.4 is available/);
});

test("an answer of another version's diagnosis is the migrations' fault", async (shop) => {
  const findings = await fault.during(
    diagnosisWith({ jobs: "many" }),
    () => examine(shop),
  );

  const [finding] = assertOnlyBroken(findings, "migrations");
  assert.match(finding?.detail ?? "", /another shape \(jobs\)/);
});

test("accounts that the database may not look up are named, because deleted ones would be charged on", async (shop) => {
  const { sql } = shop.stack;
  await sql`revoke select on auth.users from postgres`;
  const withoutRight = await examine(shop).finally(() =>
    sql`grant select on auth.users to postgres with grant option`
  );
  await sql`alter table auth.users enable row level security`;
  await sql`alter role postgres nobypassrls`;
  const behindPolicies = await examine(shop).finally(async () => {
    await sql`alter role postgres bypassrls`;
    await sql`alter table auth.users disable row level security`;
  });
  // postgres belongs to the roles of the API, and inherits from them.
  await sql`revoke usage on schema auth from postgres, anon, authenticated, service_role`;
  const withoutSchema = await examine(shop).finally(async () => {
    await sql`grant usage on schema auth to anon, authenticated, service_role`;
    await sql`grant usage on schema auth to postgres with grant option`;
  });
  const refused = { withoutRight, behindPolicies, withoutSchema };
  for (const [how, findings] of Object.entries(refused)) {
    const [finding] = assertOnlyBroken(findings, "accounts");
    assert.match(finding?.detail ?? "", /role postgres .*auth\.users/, how);
    assert.match(finding?.action ?? "", /grant select on auth\.users/, how);
  }
  assertHealthy(await examine(shop));
});

test("a project without Auth's table has no deleted accounts", async (shop) => {
  const findings = await fault.during(
    diagnosisWith({ accountAccess: "absent" }),
    () => examine(shop),
  );

  assertHealthy(findings);
});

test("each secret schema that the API serves is named", async (shop) => {
  const serve = (schemas: string[], answer: () => Response) =>
    fault.during(
      (request, forward) =>
        schemas.includes(request.headers.get("accept-profile") ?? "")
          ? Promise.resolve(answer())
          : forward(),
      () => examine(shop),
    );
  const [first] = assertOnlyBroken(
    await serve(["toss_private"], () => Response.json([])),
    "exposed_schemas",
  );
  const [second] = assertOnlyBroken(
    await serve(
      ["vault", "net"],
      () => Response.json({ code: "PGRST205" }, { status: 404 }),
    ),
    "exposed_schemas",
  );

  assert.equal(first?.detail, "the API serves toss_private");
  assert.equal(second?.detail, "the API serves vault, net");
});

test("a table of ours without row level security is named, another's only noted", async (shop) => {
  const { sql } = shop.stack;
  await sql`alter table public.orders disable row level security`;
  await sql`alter table toss_private.billing_keys disable row level security`;
  const ours = await examine(shop);
  await sql`alter table public.orders enable row level security`;
  await sql`alter table toss_private.billing_keys enable row level security`;
  await sql`create table public.notes (id bigint primary key)`;
  const theirs = await examine(shop);
  await sql`drop table public.notes`;

  const [finding] = assertOnlyBroken(ours, "row_level_security");
  assert.equal(
    finding?.detail,
    "is off for public.orders, toss_private.billing_keys",
  );
  assert.match(
    finding?.action ?? "",
    /alter table public\.orders enable row level security;/,
  );
  const warning = assertOnlyWarning(theirs, "row_level_security");
  assert.match(warning.detail, /off for public\.notes/);
});

test("products that guests may not read are named", async (shop) => {
  const { sql } = shop.stack;
  await sql`revoke select on public.products from anon`;
  const findings = await examine(shop).finally(() =>
    sql`grant select on public.products to anon`
  );

  const [finding] = assertOnlyBroken(findings, "publishable_key");
  assert.match(finding?.detail ?? "", /guests may not read/);
});

test("a moved clock is noted on a local stack, and its advice tears nothing apart", async (shop) => {
  await advance(shop, 3 * 86_400 + 7200);
  const findings = await examine(shop);

  assert.deepEqual(
    findings.filter(({ level }) => level === "fail"),
    [],
    "late jobs are the moved clock's fault",
  );
  const finding = findings.find(({ check }) => check === "clock_offset");
  assert.equal(finding?.level, "warn");
  assert.match(
    finding?.detail ?? "",
    /^the database's clock and the simulator's are moved 3 days 2 hours ahead, together$/,
  );
  assert.doesNotMatch(finding?.action ?? "", /update toss_private\.clock/);
  assert.match(finding?.action ?? "", /RESET=1 npx -y deno task dev/);
});

test("a database whose clock is not the simulator's is named", async (shop) => {
  const clockOf = async () => {
    const findings = await examine(shop);
    assert.deepEqual(namesOf(findings, "fail"), ["clock_offset"]);
    const finding = findings.find(({ check }) => check === "clock_offset");
    return `${finding?.detail} → ${finding?.action}`;
  };

  await moveDatabaseClock(shop, 3 * 86_400);
  assert.match(
    await clockOf(),
    /is 3 days ahead of the simulator's.* → Stop dev and start it again/,
  );

  // What the advice of a moved clock used to lead to: the database alone goes back.
  const { sql } = shop.stack;
  await sql`update toss_private.clock set time_offset = interval '0'`;
  await advance(shop, 3600);
  await sql`update toss_private.clock set time_offset = interval '0'`;
  assert.match(
    await clockOf(),
    /is (1 hour|59 minutes 5\d seconds) behind the simulator's.* → Stop dev and start it again/,
  );

  await moveDatabaseClock(shop, -60);
  assert.match(
    await clockOf(),
    /is 1 hour( 1 minute)? behind .* → update toss_private\.clock set time_offset = interval '0'; Then stop dev/,
  );
});

test("a database whose clock differs from Toss's is named", async (shop) => {
  const { origin } = new URL(shop.stack.tossApiBaseUrl);
  const examineAt = (seconds: number) =>
    examine(shop, {}, { fetch: withClockOf(origin, seconds) });

  const [finding] = assertOnlyBroken(await examineAt(-300), "clock_skew");
  assert.match(
    finding?.detail ?? "",
    /Toss's are (4 minutes 5\d seconds|5 minutes( \d seconds?)?) apart/,
  );
  assertOnlyWarning(await examineAt(20), "clock_skew");
});

test("holidays that end soon are noted, before a withdrawal is due on one", async (shop) => {
  const { sql } = shop.stack;
  const rows = await sql`delete from toss_private.holidays
    where day > (now() + interval '80 days')::date returning day::text, name`;
  try {
    assertOnlyWarning(await examine(shop), "holidays");
  } finally {
    await sql`insert into toss_private.holidays ${sql([...rows])}`;
  }
});

test("bodies of webhooks that grow older than they should are noted, and names kept for too short", async (shop) => {
  const { sql } = shop.stack;
  const kept = (days: number, years: number) =>
    sql`update toss_private.jobs
      set last_result = ${
      sql.json({ webhookBodyDays: days, personalDataYears: years })
    } where name = 'housekeeping'`;
  try {
    await kept(90, 4);
    assertOnlyWarning(await examine(shop), "retention");
    await kept(90, 5);
    await sql`
      insert into public.webhook_events (dedupe_key, payload, status, processed_at, next_attempt_at, received_at, created_at)
      select 'old-body', '{}', 'processed', t, t, t, t from (select now() - interval '98 days') as o (t)`;
    assertOnlyWarning(await examine(shop), "retention");
  } finally {
    await sql`delete from public.webhook_events where dedupe_key = 'old-body'`;
    await sql`update toss_private.jobs set last_result = null where name = 'housekeeping'`;
  }
});

test("a Toss that cannot be reached from here is noted", async (shop) => {
  const { origin } = new URL(shop.stack.tossApiBaseUrl);
  const send: typeof fetch = (input, init) =>
    new URL(String(input)).origin === origin
      ? Promise.reject(new TypeError("no route"))
      : fetch(input, init);
  const findings = await examine(shop, {}, { fetch: send });

  assertOnlyWarning(findings, "toss_api");
});

/** An order whose confirmation has been open for so long. */
async function openOperation(
  { stack }: Shop,
  orderId: string,
  age: string,
): Promise<void> {
  await stack.sql`
    insert into public.operations (kind, state, idempotency_key, key_created_at, order_id, amount,
      currency, lease_token, lease_expires_at, next_attempt_at, created_at)
    select 'confirm', 'unknown', 'doctor-' || o.id, now(), o.id, o.amount, o.currency,
      gen_random_uuid(), now() + interval '1 hour', now() + interval '1 hour', now() - ${age}::interval
    from public.orders as o where o.id = ${orderId}`;
}

test("an operation whose end is not known is a warning, and after an hour a failure", async (shop) => {
  const { sql } = shop.stack;
  const { orderId } = await startPurchase(shop);
  const remove = () =>
    sql`delete from public.operations where order_id = ${orderId}`;
  await openOperation(shop, orderId, "20 minutes");
  const recent = await examine(shop).finally(remove);
  await openOperation(shop, orderId, "2 hours");
  const old = await examine(shop).finally(remove);

  assertOnlyWarning(recent, "unknown_operations");
  const [finding] = assertOnlyBroken(old, "unknown_operations");
  assert.match(finding?.detail ?? "", /^1 .*oldest for 2 hours$/);
});

test("a dead webhook and one that waits are named", async (shop) => {
  const { sql } = shop.stack;
  const { body } = await deliverWebhook(shop, { eventType: "SOMETHING_NEW" });
  await settleWebhooks(shop);
  const id = String(body.eventId);
  const become = (status: string) =>
    sql`
      update public.webhook_events
      set status = ${status}, created_at = now() - interval '3 hours' where id = ${id}`;
  await become("dead");
  const dead = await examine(shop);
  await become("failed");
  const waiting = await examine(shop).finally(() => become("processed"));

  const [finding] = assertOnlyBroken(dead, "dead_webhooks");
  assert.match(finding?.action ?? "", /replay --status dead/);
  assertOnlyWarning(waiting, "waiting_webhooks");
  assertHealthy(await examine(shop));
});

test("an inbox that strangers flood is named", async (shop) => {
  const { sql } = shop.stack;
  await sql`
    insert into public.webhook_events (
      dedupe_key, payload, delivery_count, status, last_error, processed_at, next_attempt_at, received_at, created_at
    ) values (
      'flood-of-doctor', '{}', 1001, 'ignored', 'nothing proves who sent it', now(), now(), now(), now()
    )`;
  const flooded = await examine(shop).finally(() =>
    sql`delete from public.webhook_events where dedupe_key = 'flood-of-doctor'`
  );

  const finding = assertOnlyWarning(flooded, "webhook_inbox");
  assert.match(finding.detail, /a thousand events without proof/);
  assertHealthy(await examine(shop));
});

test("any other critical alert is named", async (shop) => {
  const { sql } = shop.stack;
  const write = (event: string) =>
    sql`
      insert into public.payment_events (event, source, order_id, payment_key, to_status, detail, created_at)
      values (${event}, 'worker', 'doctor-order', 'doctor-payment', 'DONE',
        '{"balanceAmount": 1000}', now())`;
  await write("answer_mismatch");
  const findings = await examine(shop).finally(() => write("answer_accepted"));

  const [finding] = assertOnlyBroken(findings, "alerts");
  assert.match(finding?.detail ?? "", /^1 answer_mismatch/);
  assertHealthy(await examine(shop));
});

test("a violated invariant is named", async (shop) => {
  const { sql } = shop.stack;
  const { orderId } = await startPurchase(shop);
  await sql`update public.orders set status = 'paid' where id = ${orderId}`;
  const findings = await examine(shop).finally(async () => {
    await sql`update public.orders set status = 'pending' where id = ${orderId}`;
    await sql`delete from public.outbox_events where subject = ${orderId}`;
  });

  const [finding] = assertOnlyBroken(findings, "invariants");
  assert.match(finding?.detail ?? "", /order_paid_by_one_payment \(1\)/);
});

test("the API version that Toss's answers name is told, the latest first, and an unknown one is a warning", async (shop) => {
  const told = async () =>
    (await examine(shop)).find(({ check }) => check === "toss_api_version");
  await shop.stack.sql`delete from toss_private.toss_api_versions`;
  assert.equal(
    (await told())?.detail,
    "no payment in the last 30 days has told",
  );

  await buy(shop);
  await moveDatabaseClock(shop, 60);
  shop.simulator.changeSettings({ apiVersion: "1.4" });
  await buy(shop);
  const known = await told();
  assert.deepEqual(
    [known?.level, known?.detail],
    ["ok", "Toss answers in 1.4, 2022-11-16"],
  );

  await moveDatabaseClock(shop, 31 * 86_400);
  await shop.stack.sql`
    select toss_private.note_api_version('2031-02-03', toss_private.clock_now())`;
  const unknown = await told();
  assert.equal(unknown?.level, "warn");
  assert.equal(
    unknown?.detail,
    "Toss answers in 2031-02-03, which this release does not know",
  );
  await shop.stack.sql`delete from toss_private.toss_api_versions`;
});
