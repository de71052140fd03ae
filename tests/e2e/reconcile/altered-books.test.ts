import assert from "node:assert/strict";
import {
  type Altered,
  expectedForEver,
  expectedHealed,
  expectedOpen,
  FATE_NAMES,
  makeAltered,
  mendByHand,
} from "../../support/altered-books.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { THREE_PAIRS } from "../../support/key-pairs.ts";
import {
  healedOf,
  loseWebhooks,
  openOf,
  reconcile,
} from "../../support/reconcile.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests({ environment: THREE_PAIRS }, assertInvariantsHold);

/** `.ci/run` takes 10,000. */
const PAYMENTS = Number(Deno.env.get("PAYMENTS_TO_RECONCILE") ?? 240);
/** One in so many is altered. */
const ALTERED_EVERY = PAYMENTS > 1000 ? 20 : 4;
const AT_A_TIME = 8;
/** 6,000 rows in a minute on a machine of its own; this one shares. */
const LEAST_ROWS_PER_SECOND = 40;

function pairOf(index: number) {
  return index % 3 === 0
    ? { tossKeys: "widget", tossClientKey: THREE_PAIRS.TOSS_WIDGET_CLIENT_KEY }
    : { tossKeys: "main", tossClientKey: THREE_PAIRS.TOSS_CLIENT_KEY };
}

async function forEach<Item>(
  items: readonly Item[],
  act: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
    while (next < items.length) {
      const index = next++;
      await act(items[index] as Item, index);
    }
  }));
}

async function assertRestOfBooksEqual(
  { stack, simulator }: Shop,
  apart: ReadonlySet<string>,
): Promise<void> {
  const rows = await stack.sql<{ line: string }[]>`
    select concat_ws(' ', payment_key, status, total_amount, balance_amount) as line from public.payments
    where payment_key <> all (${[...apart]}) order by payment_key collate "C"`;
  const told = simulator.books()
    .filter(({ approvals, paymentKey }) =>
      approvals > 0 && !apart.has(paymentKey)
    )
    .map(({ paymentKey, status, totalAmount, balanceAmount }) =>
      `${paymentKey} ${status} ${totalAmount} ${balanceAmount}`
    ).sort();
  assert.deepEqual(rows.map(({ line }) => line), told);
}

test(`of ${PAYMENTS} payments with rows deleted, altered and invented on both sides, exactly those differ`, async (shop) => {
  await loseWebhooks(shop);
  const all: Altered[] = [];
  await forEach(
    Array.from({ length: PAYMENTS }, (_, index) => index),
    async (index) => {
      const fate = index % ALTERED_EVERY === 0
        ? FATE_NAMES[(index / ALTERED_EVERY) % FATE_NAMES.length]
        : undefined;
      all[index] = await makeAltered(
        shop,
        fate ?? "untouched",
        pairOf(index),
      );
    },
  );
  shop.simulator.addForeignTransactions({
    count: 50,
    clientKey: THREE_PAIRS.TOSS_WIDGET_CLIENT_KEY,
  });

  // An orderId of ours in the list of a merchant who never had it.
  const [ofMain] = all.filter((_, index) => pairOf(index).tossKeys === "main");
  assert.ok(ofMain);
  shop.simulator.addForeignTransactions({
    orderId: ofMain.orderId,
    clientKey: THREE_PAIRS.TOSS_WIDGET_CLIENT_KEY,
  });

  const startedAt = performance.now();
  const first = await reconcile(shop);
  const seconds = (performance.now() - startedAt) / 1000;
  assert.deepEqual(healedOf(first), expectedHealed(all));
  assert.deepEqual(openOf(first), expectedOpen(all));
  assert.equal(first.foreign, 51);
  assert.ok(first.compared >= PAYMENTS);
  console.log(
    `${first.compared} rows in ${
      seconds.toFixed(1)
    } s: ${first.healed} healed, ${first.open} open`,
  );
  if (PAYMENTS > 1000) {
    assert.ok(first.compared / seconds > LEAST_ROWS_PER_SECOND, `${seconds} s`);
  }

  // What is open is told once, however often it is found.
  const second = await reconcile(shop);
  assert.deepEqual(healedOf(second), []);
  assert.deepEqual(openOf(second), expectedOpen(all));

  await forEach(all, (made, index) => mendByHand(shop, made, pairOf(index)));
  const third = await reconcile(shop);
  assert.deepEqual(openOf(third), expectedForEver(all));
  await assertInvariantsHold(shop);
  await assertRestOfBooksEqual(
    shop,
    new Set([
      ...third.differences.map(({ paymentKey }) => paymentKey),
      ...all.flatMap(({ fate, second: added }) =>
        fate === "paidWithAnotherAmount" && added !== null ? [added] : []
      ),
    ]),
  );
  const fourth = await reconcile(shop);
  assert.deepEqual(fourth.differences, third.differences);
});
