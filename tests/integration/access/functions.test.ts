import assert from "node:assert/strict";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { guestClient, serviceClient, signUp } from "../../../stack/users.ts";

const test = shopTests();

interface FunctionRow {
  name: string;
  is_public: boolean;
  anon: boolean;
  authenticated: boolean;
  service_role: boolean;
  security_definer: boolean;
  settings: string[] | null;
}

/** Our own functions; those of extensions belong to them. */
async function ownFunctions({ stack }: Shop): Promise<FunctionRow[]> {
  return await stack.sql<FunctionRow[]>`
    select format('%s.%s', p.pronamespace::regnamespace, p.proname) as name,
      exists (
        select 1 from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
        where a.grantee = 0 and a.privilege_type = 'EXECUTE'
      ) as is_public,
      has_function_privilege('anon', p.oid, 'execute') as anon,
      has_function_privilege('authenticated', p.oid, 'execute') as authenticated,
      has_function_privilege('service_role', p.oid, 'execute') as service_role,
      p.prosecdef as security_definer,
      p.proconfig as settings
    from pg_proc as p
    where p.pronamespace in ('public'::regnamespace, 'toss_private'::regnamespace)
      and not exists (
        select 1 from pg_depend as d
        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
      )
    order by 1`;
}

/** What else than the service role may execute something: the view user_plans reads the clock as its reader. */
const EXECUTABLE_BY_USERS = ["toss_private.clock_now"];

test("no function can be executed by everybody, by guests or by users", async (shop) => {
  const functions = await ownFunctions(shop);
  assert.ok(functions.length > 20);

  const named = (found: FunctionRow[]) => found.map(({ name }) => name);
  assert.deepEqual(named(functions.filter((f) => f.is_public)), []);
  assert.deepEqual(named(functions.filter((f) => f.anon)), []);
  assert.deepEqual(
    named(functions.filter((f) => f.authenticated)),
    EXECUTABLE_BY_USERS,
  );
});

/** Which code of the shop is called, the owner of the database says. */
const OWNERS = [
  "public.use_catalogue",
  "public.use_notice_address",
  "public.use_order_hook",
];

test("every other function of schema public can be executed by the service role", async (shop) => {
  const closed = (await ownFunctions(shop)).filter((f) =>
    f.name.startsWith("public.") && !f.service_role &&
    !OWNERS.includes(f.name)
  );

  assert.deepEqual(closed, []);
});

test("every function has an empty search path", async (shop) => {
  const open = (await ownFunctions(shop))
    .filter(({ settings }) => !settings?.includes('search_path=""'))
    .map(({ name }) => name);

  assert.deepEqual(open, []);
});

test("private functions run with the caller's rights, but for the clock, the failed refunds, the questions, the deadlines and the triggers of the catalogue, the order hook, the withdrawals, the consents, the events and the notices", async (shop) => {
  const definers = (await ownFunctions(shop))
    .filter((f) => f.name.startsWith("toss_private.") && f.security_definer)
    .map(({ name }) => name);

  assert.deepEqual(definers, [
    "toss_private.clock_now",
    "toss_private.failed_refund_transfers",
    "toss_private.follow_order",
    "toss_private.follow_plan_group",
    "toss_private.follow_refund",
    "toss_private.follow_refunded_order",
    "toss_private.follow_refusal",
    "toss_private.payment_questions",
    "toss_private.plan_prices",
    "toss_private.question_backlog",
    "toss_private.queue_deliveries",
    "toss_private.queue_notice",
    "toss_private.record_stock_movement",
    "toss_private.review_consent",
    "toss_private.review_consents_of_plan",
    "toss_private.tell_of_order",
    "toss_private.unproven_deadlines",
    "toss_private.wake_outbox",
  ]);
});

test("guests and users cannot call the money functions through the API", async (shop) => {
  const user = await signUp(shop);
  const names = (await ownFunctions(shop))
    .filter(({ name }) => name.startsWith("public."))
    .map(({ name }) => name.replace("public.", ""));
  assert.ok(names.includes("apply_payment"));
  for (const client of [guestClient(shop), user.client]) {
    for (const name of names) {
      const parameters = name === "invariant_violations"
        ? {}
        : OWNERS.includes(`public.${name}`)
        ? { function_name: null }
        : { request: {} };
      const { data, error } = await client.rpc(name, parameters);
      assert.ok(error, name);
      assert.equal(error.code, "42501", name);
      assert.equal(data, null, name);
    }
  }
});

test("the service role reads the invariants through the API", async (shop) => {
  const { data, error } = await serviceClient(shop).rpc("invariant_violations");

  assert.equal(error, null);
  assert.deepEqual(data, []);
});
