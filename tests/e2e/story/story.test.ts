import assert from "node:assert/strict";
import { runToss } from "../../stack/dev-fixture.ts";
import { buy, confirm, placeOrder, startPurchase } from "../../support/buy.ts";
import { cancel } from "../../support/cancel.ts";
import {
  ACCOUNT,
  issuedBy,
  REFUND_ACCOUNT,
  requestAccount,
} from "../../support/issue-account.ts";
import { loseWebhooks } from "../../support/reconcile.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  endingOf,
  mend,
  paste,
  statusVariables,
  tellStory,
} from "../../support/story.ts";
import { cancelAtToss } from "../../support/toss-side.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { widthOf } from "../../../scripts/order/width.ts";

const test = shopTests();

function order(shop: Shop, ...args: string[]) {
  return runToss("order", {
    arguments: args,
    environment: statusVariables(shop),
  });
}

/** Every row of every table of ours, but for what reading cannot touch. */
async function everything({ stack: { sql } }: Shop): Promise<string> {
  const tables = await sql<{ name: string }[]>`
    select format('%I.%I', n.nspname, c.relname) as name
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname in ('public', 'toss_private') and c.relkind = 'r' order by 1`;
  const rows: string[] = [];
  for (const { name } of tables) {
    const [row] = await sql.unsafe<{ all: string }[]>(
      `select coalesce(string_agg(t::text, '|' order by t::text), '') as all from ${name} as t`,
    );
    rows.push(`${name}: ${row?.all}`);
  }
  return rows.join("\n");
}

test("toss order tells a paid order, and that nothing is to be done", async (shop) => {
  const { orderId, paymentKey } = await buy(shop);
  await loseWebhooks(shop);
  const told = await tellStory(shop, orderId);
  assert.equal(told.order?.status, "paid");
  assert.equal(told.toss?.status, "DONE");
  assert.deepEqual([told.differs, told.differences], [false, []]);
  assert.equal(told.next, null);
  assert.match(endingOf(told), /^It is paid, and Toss says the same/);
  const kinds = told.timeline.map(({ kind }) => kind);
  assert.deepEqual(
    ["request", "operation", "toss", "move", "now"]
      .filter((kind) => !kinds.some((each) => each === kind)),
    [],
  );
  for (const { at } of told.timeline) assert.match(at, /\+09:00$/);
  const byKey = await tellStory(shop, paymentKey);
  assert.equal(byKey.order?.id, orderId);
});

test("toss order finds a refund of the dashboard whose webhook was lost, and its command mends it", async (shop) => {
  const { orderId, paymentKey } = await buy(shop);
  await loseWebhooks(shop);
  await cancelAtToss(shop, paymentKey, 1_000);
  const { before, after } = await mend(shop, orderId);
  assert.equal(before.differs, true);
  assert.equal(before.order?.status, "paid");
  assert.equal(before.toss?.balanceAmount, 2_000);
  assert.equal(after.order?.status, "partially_refunded");
  assert.deepEqual([after.differs, after.next], [false, null]);
  assert.match(endingOf(after), /^1,000 KRW went back/);
});

test("toss order is a read: it changes no row and sends Toss nothing but questions", async (shop) => {
  const { orderId, paymentKey } = await buy(shop);
  await loseWebhooks(shop);
  await cancelAtToss(shop, paymentKey);
  const before = await everything(shop);
  const asked = shop.simulator.requests().length;
  await tellStory(shop, orderId);
  const { code } = await order(shop, orderId, "--json");
  assert.equal(code, 0);
  assert.equal(await everything(shop), before);
  const methods = shop.simulator.requests().slice(asked)
    .map(({ method }) => method);
  assert.deepEqual([...new Set(methods)], ["GET"]);
  await mend(shop, orderId);
});

test("toss order says when Toss cannot be asked", async (shop) => {
  const purchase = await startPurchase(shop);
  await loseWebhooks(shop);
  shop.simulator.addFault({ kind: "lose_answer_after", count: 1 });
  assert.equal((await confirm(shop, purchase)).status, 202);
  shop.simulator.addFault({ kind: "lose_answer_before", count: "always" });
  const told = await tellStory(shop, purchase.orderId);
  assert.equal(told.toss, null);
  assert.equal(told.differs, false);
  assert.ok(
    told.timeline.some(({ text }) => /could not be asked/.test(text)),
    JSON.stringify(told.timeline),
  );
  shop.simulator.clearFaults();
  await shop.stack.advanceClock({ minutes: 3 });
  const { after } = await mend(shop, purchase.orderId);
  assert.equal(after.order?.status, "paid");
});

test("toss order prints lines of at most 80 columns, and one line for an unknown id", async (shop) => {
  const { orderId, paymentKey } = await buy(shop);
  await loseWebhooks(shop);
  await cancelAtToss(shop, paymentKey, 500);
  const told = await order(shop, orderId);
  assert.equal(told.code, 0, told.stderr);
  const lines = told.stdout.trimEnd().split("\n");
  const command = lines.at(-1) ?? "";
  assert.equal(command, `npx -y deno task toss replay --look ${orderId}`);
  const tooWide = lines.slice(0, -1).filter((line) => widthOf(line) > 80);
  assert.deepEqual(tooWide, []);
  const explained = await runToss("explain", {
    arguments: [orderId],
    environment: statusVariables(shop),
  });
  const withoutTimes = (text: string) => text.replace(/^\d\d-.*now$/gm, "");
  assert.equal(
    withoutTimes(explained.stdout).split("\n").length,
    lines.length + 1,
  );
  const unknown = await order(shop, "no-such-order");
  assert.equal(unknown.code, 1);
  assert.equal(unknown.stdout, "");
  assert.equal(unknown.stderr.trimEnd().split("\n").length, 1);
  assert.match(unknown.stderr, /no-such-order/);
  // As pasted, with the variables of `toss status` alone.
  const pasted = await paste(shop, command);
  assert.equal(pasted.code, 0, pasted.stderr);
  assert.equal((await tellStory(shop, orderId)).next, null);
});

test("a story prints no secret and no number of a person", async (shop) => {
  const { orderId } = await placeOrder(shop);
  const { paymentKey, virtualAccount } = issuedBy(
    await requestAccount(shop, { orderId }),
  );
  shop.simulator.deposit(paymentKey);
  await settleWebhooks(shop);
  await loseWebhooks(shop);
  await cancel(shop, {
    paymentKey,
    cancelReason: "900101-1234567 님 환불",
    refundReceiveAccount: REFUND_ACCOUNT,
  });
  await settleWebhooks(shop);
  const told = JSON.stringify(await tellStory(shop, orderId));
  const secrets = await shop.stack.sql<{ text: string }[]>`
    select secret_digest as text from toss_private.payment_details where secret_digest is not null
    union all select lease_token::text from public.operations`;
  const forbidden = [
    ...secrets.map(({ text }) => text),
    ...[shop.stack.secretKey, shop.simulator.secretKeyOf(paymentKey)],
    ...[virtualAccount.accountNumber, REFUND_ACCOUNT.accountNumber],
    ...[REFUND_ACCOUNT.holderName, ACCOUNT.customerName, "1234567"],
  ];
  assert.deepEqual(forbidden.filter((text) => told.includes(text)), []);
  assert.match(told, /\*{6}-\*{7} 님 환불/);
});
