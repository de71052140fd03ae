import assert from "node:assert/strict";
import { buy, placeOrder } from "../support/buy.ts";
import { asOwner } from "../support/doctor.ts";
import { issuedBy, requestAccount } from "../support/issue-account.ts";
import { inRollback } from "../support/rollback.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import { settleWebhooks } from "../support/webhooks.ts";
import { advance, alignClocks, work } from "../support/worker.ts";
import { type Fence, fencesOf } from "./support/markdown.ts";
import { readProjectFile } from "./support/pages.ts";

const test = shopTests();

const PAGES = [
  {
    path: "docs/operations.md",
    next: "When Toss is asked next",
  },
  {
    path: "docs/operations.ko.md",
    next: "토스에 다음으로 묻는 때",
  },
];

type Row = Record<string, unknown>;

interface Subject {
  orderId: string;
  paymentKey: string;
}

function fillIn(code: string, { orderId, paymentKey }: Subject): string {
  return code.replaceAll("<orderId>", orderId)
    .replaceAll("<paymentKey>", paymentKey)
    .replaceAll(/<[a-z ]*\bid>/g, crypto.randomUUID())
    .replaceAll(/<[\w ]+>/g, "example");
}

/** The blocks between a heading and the next one. */
async function blocksBelow(path: string, heading: string): Promise<Fence[]> {
  const page = await readProjectFile(path);
  const [, rest] = page.split(new RegExp(`^#+ ${heading}$`, "m"));
  assert.ok(rest !== undefined, `${path} has no ${heading}`);
  return fencesOf(rest.split(/^#+ /m)[0] ?? "");
}

/** Runs the statements of a block as role postgres, as an operator does; the rows of each. */
async function query(
  shop: Shop,
  block: Fence | undefined,
  subject: Subject,
): Promise<Row[][]> {
  assert.equal(block?.language, "sql");
  const results: Row[][] = [];
  await asOwner(shop, async (sql) => {
    for (const statement of fillIn(block.code, subject).split(/;\s*(?:\n|$)/)) {
      if (statement.trim() !== "") {
        results.push([...await sql.unsafe(statement)]);
      }
    }
  });
  return results;
}

for (const { path, next } of PAGES) {
  test(`${path}: ${next} names the question that is open, and the worker asks it then`, async (shop) => {
    await alignClocks(shop);
    const [block] = await blocksBelow(path, next);
    const { orderId } = await placeOrder(shop);
    const { paymentKey } = issuedBy(await requestAccount(shop, { orderId }));
    await settleWebhooks(shop);
    const subject = { orderId, paymentKey };
    const nextAt = async () => {
      const [rows = []] = await query(shop, block, subject);
      assert.deepEqual(
        rows.map((row) => [row.asked_for, row.reason, row.subject, row.job]),
        [["payment", "WAITING_FOR_DEPOSIT", paymentKey, "expiry"]],
      );
      const at = rows[0]?.next_at;
      assert.ok(at instanceof Date);
      return at.getTime();
    };
    const first = await nextAt();
    const wait = (first - (await shop.stack.now()).getTime()) / 1000;
    assert.ok(wait > 0 && wait <= 600, `${wait} s`);

    await advance(shop, wait - 5);
    await work(shop, "expiry");
    assert.equal(await nextAt(), first, "asked too early");
    await advance(shop, 6);
    await work(shop, "expiry");
    assert.ok(await nextAt() > first, "not asked at its time");
  });

  test(`${path}: every block of SQL runs`, async (shop) => {
    const subject = await buy(shop);
    const blocks = fencesOf(await readProjectFile(path))
      .filter(({ language }) => language === "sql");
    assert.ok(blocks.length > 15, `${blocks.length} blocks`);
    for (const { code } of blocks) {
      const text = fillIn(code, subject);
      await asOwner(shop, async (sql) => {
        await inRollback(sql, async (transaction) => {
          // What an installation does once.
          if (text.includes("vault.create_secret")) {
            await transaction`delete from vault.secrets`;
          }
          return await transaction.unsafe(text).simple();
        }).catch((error: Error) => assert.fail(`${error.message}: ${text}`));
      });
    }
  });
}

test("next_questions names an operation and a webhook too, and nothing of what has ended", async (shop) => {
  await alignClocks(shop);
  const { orderId } = await placeOrder(shop);
  const open = async () => {
    const rows = await shop.stack.sql<Row[]>`
      select asked_for, reason, job, next_at > toss_private.clock_now() as is_later from public.next_questions
      where order_id = ${orderId} order by asked_for`;
    return [...rows];
  };
  assert.deepEqual(await open(), []);
  const paid = await buy(shop);
  await settleWebhooks(shop);
  const [ended] = await shop.stack.sql`
    select count(*)::integer as rows from public.next_questions where order_id = ${paid.orderId}`;
  assert.equal(ended?.rows, 0);

  // As a caller leaves them that was cut in the middle.
  await shop.stack.sql`
    insert into public.operations (
      kind, idempotency_key, order_id, amount, currency, lease_token, lease_expires_at, next_attempt_at,
      key_created_at, created_at
    ) values ('confirm', ${`cut-${orderId}`}, ${orderId}, 3000, 'KRW', gen_random_uuid(),
      toss_private.clock_now() + interval '1 minute', toss_private.clock_now() - interval '1 minute',
      toss_private.clock_now(), toss_private.clock_now())`;
  await shop.stack.sql`
    insert into public.webhook_events (dedupe_key, event_type, order_id, payload, status, attempts, next_attempt_at,
      received_at, created_at)
    values (${`failed-${orderId}`}, 'PAYMENT_STATUS_CHANGED', ${orderId}, '{}', 'failed', 2,
      toss_private.clock_now() - interval '1 second', toss_private.clock_now(), toss_private.clock_now())`;

  const rows = await open();
  await shop.stack
    .sql`delete from public.webhook_events where order_id = ${orderId}`;
  await shop.stack
    .sql`delete from public.operations where order_id = ${orderId}`;

  assert.deepEqual(rows, [
    {
      asked_for: "operation",
      reason: "confirm",
      job: "operations",
      is_later: true,
    },
    {
      asked_for: "webhook",
      reason: "PAYMENT_STATUS_CHANGED",
      job: "webhooks",
      is_later: false,
    },
  ]);
});
