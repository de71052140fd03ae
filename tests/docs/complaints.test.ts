import assert from "node:assert/strict";
import {
  buy,
  confirm,
  payInWindow,
  placeOrder,
  startPurchase,
} from "../support/buy.ts";
import { assertInvariantsHold } from "../support/books.ts";
import { issuedBy, requestAccount } from "../support/issue-account.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import { paste } from "../support/story.ts";
import { approveAtToss, cancelAtToss } from "../support/toss-side.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
  withoutWebhooks,
} from "../support/webhooks.ts";
import { advance, alignClocks, work } from "../support/worker.ts";
import { readProjectFile } from "./support/pages.ts";

const test = shopTests({}, assertInvariantsHold);

/** What a stranger needs at most. */
const MOST_COMMANDS = 2;
const MOST_MILLISECONDS = 120_000;

interface Complaint {
  /** How the table of the runbook names it, in each language. */
  en: string;
  ko: string;
  /** Prepares the mess; answers the order's id. */
  prepare(shop: Shop): Promise<string>;
  /** What the order must be afterwards. */
  status: string;
}

const COMPLAINTS: readonly Complaint[] = [
  {
    en: '"I paid and nothing came"',
    ko: '"결제했는데 아무것도 오지 않아요"',
    status: "paid",
    async prepare(shop) {
      const purchase = await startPurchase(shop);
      withoutWebhooks(shop);
      shop.simulator.addFault({ kind: "lose_answer_after", count: "always" });
      await confirm(shop, purchase);
      shop.simulator.clearFaults();
      await shop.stack.advanceClock({ minutes: 2 });
      return purchase.orderId;
    },
  },
  {
    en: '"I was charged twice"',
    ko: '"두 번 결제됐어요"',
    status: "paid",
    async prepare(shop) {
      const order = await placeOrder(shop);
      const [first, second] = [
        payInWindow(shop, order),
        payInWindow(shop, order),
      ];
      await confirm(shop, first);
      await settleWebhooks(shop);
      withoutWebhooks(shop);
      await approveAtToss(shop, second);
      await deliverWebhook(shop, statusChanged({ ...second }));
      await settleWebhooks(shop);
      return order.orderId;
    },
  },
  {
    en: '"My refund has not arrived"',
    ko: '"환불이 안 들어왔어요"',
    status: "partially_refunded",
    async prepare(shop) {
      const { orderId, paymentKey } = await buy(shop);
      await settleWebhooks(shop);
      withoutWebhooks(shop);
      await cancelAtToss(shop, paymentKey, 1_000);
      return orderId;
    },
  },
  {
    en: '"I deposited, and you say expired"',
    ko: '"입금했는데 만료라고 나와요"',
    status: "paid",
    async prepare(shop) {
      await alignClocks(shop);
      const { orderId } = await placeOrder(shop);
      const { paymentKey } = issuedBy(
        await requestAccount(shop, { orderId, validHours: 1 }),
      );
      await settleWebhooks(shop);
      await advance(shop, 3_601);
      await work(shop, "expiry");
      withoutWebhooks(shop);
      assert.equal(shop.simulator.deposit(paymentKey).kind, "done");
      return orderId;
    },
  },
  {
    en: "Toss's dashboard shows a refund, and you say paid",
    ko: "토스 대시보드에는 환불인데 여기서는 결제 완료",
    status: "refunded",
    async prepare(shop) {
      const { orderId, paymentKey } = await buy(shop);
      await settleWebhooks(shop);
      withoutWebhooks(shop);
      await cancelAtToss(shop, paymentKey);
      return orderId;
    },
  },
];

/** The command that the row of a complaint begins with. */
async function firstCommand(path: string, said: string): Promise<string> {
  const rows = (await readProjectFile(path)).split("\n")
    .filter((line) => line.startsWith(`| ${said} |`));
  assert.equal(rows.length, 1, `${path} has no row: ${said}`);
  const [, , cell = ""] = rows[0]?.split("|") ?? [];
  const [, command] = cell.match(/`([^`]+)`/) ?? [];
  assert.ok(command, cell);
  return `npx -y deno task ${command}`;
}

/** The command that a story ends with: alone after an empty line. */
function lastCommand(printed: string): string | null {
  const last = printed.trimEnd().split("\n\n").at(-1) ?? "";
  return /^(npx|curl) /.test(last) ? last : null;
}

for (const { en, ko, prepare, status } of COMPLAINTS) {
  test(`a stranger with the runbook alone resolves: ${en}`, async (shop) => {
    const orderId = await prepare(shop);
    const startedAt = performance.now();
    const first = await firstCommand("docs/operations.md", en);
    assert.equal(await firstCommand("docs/operations.ko.md", ko), first);
    let command: string | null = first.replace("<orderId>", orderId);
    let count = 0;
    while (command !== null && count < MOST_COMMANDS) {
      const { code, stdout, stderr } = await paste(shop, command);
      assert.equal(code, 0, `${command}\n${stdout}${stderr}`);
      command = lastCommand(stdout);
      count += 1;
    }
    assert.ok(count <= MOST_COMMANDS);
    assert.ok(performance.now() - startedAt < MOST_MILLISECONDS);
    await settleWebhooks(shop);
    const [order] = await shop.stack.sql<{ status: string }[]>`
      select status from public.orders where id = ${orderId}`;
    assert.equal(order?.status, status);
    const alerts = await shop.stack.sql`
      select alert, detail from public.alerts where subject = ${orderId}`;
    assert.deepEqual([...alerts], []);
  });
}
