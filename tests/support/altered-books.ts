import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { paymentSnapshot } from "../../supabase/functions/_shared/operations/snapshot.ts";
import { PAYMENT } from "../../supabase/functions/_shared/toss/payment.ts";
import { callSql } from "./answers.ts";
import type { Shop } from "./shop.ts";
import { approveAtToss, cancelAtToss } from "./toss-side.ts";

/** A payment of the test, and what becomes of it. */
export interface Altered {
  fate: Fate;
  paymentKey: string;
  orderId: string;
  amount: number;
  /** The payment that a fate adds at Toss. */
  second: string | null;
}

/** A payment that was made as it should be, and a hand that alters rows past every trigger. */
interface Hand {
  shop: Shop;
  sql: Sql;
  made: Altered;
  pair: { tossKeys: string; tossClientKey: string };
}

/** What a fate does, what the comparison must make of it, and what a person does then. */
interface FateDefinition {
  /** Whether our side hears of the payment when it is made; default true. */
  isApplied?: boolean;
  act?(hand: Hand): Promise<void>;
  healed?: string;
  open?: string;
  /** Brings it in order; absent: it stays open. */
  mend?(hand: Hand): Promise<unknown>;
}

async function byHand(
  sql: Sql,
  change: (sql: Sql) => Promise<unknown>,
): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`set local session_replication_role = replica`;
    await change(transaction as unknown as Sql);
  });
}

async function readFromToss(
  { shop, made }: Pick<Hand, "shop"> & { made: Pick<Altered, "paymentKey"> },
): Promise<Record<string, unknown>> {
  const { simulator } = shop;
  const secretKey = simulator.secretKeyOf(made.paymentKey);
  const response = await fetch(
    `${simulator.url}/v1/payments/${made.paymentKey}`,
    { headers: { authorization: `Basic ${btoa(`${secretKey}:`)}` } },
  );
  return paymentSnapshot(PAYMENT.parse(await response.json()));
}

/** Lets our side hear of a payment, as a webhook would. */
export async function hear(
  { shop, made }: Pick<Hand, "shop"> & { made: Pick<Altered, "paymentKey"> },
): Promise<void> {
  const answer = await callSql(shop.stack.sql, "apply_payment", {
    payment: await readFromToss({ shop, made }),
    source: "webhook",
    askedAt: new Date(shop.simulator.now()).toISOString(),
    requestId: "altered-books",
  });
  assert.equal(answer.outcome, "confirmed", JSON.stringify(answer));
}

async function payAgain(
  { shop, made, pair }: Hand,
  amount: number,
): Promise<void> {
  const { paymentKey } = shop.simulator.createPayment({
    orderId: made.orderId,
    amount,
    clientKey: pair.tossClientKey,
  });
  made.second = paymentKey;
  await approveAtToss(shop, { ...made, amount, paymentKey });
}

const refundSecond = ({ shop, made }: Hand) =>
  cancelAtToss(shop, made.second ?? "");

/** Everything that a hand or a lost message can do to one of the two sides. */
const FATES = {
  untouched: {},
  refunded: {
    async act(hand) {
      await cancelAtToss(hand.shop, hand.made.paymentKey, 100);
      await hear(hand);
    },
  },
  refundUnheard: {
    act: ({ shop, made }) => cancelAtToss(shop, made.paymentKey, 100),
    healed: "cancel_missing_here",
  },
  unheard: { isApplied: false, healed: "missing_here" },
  unheardAndRefunded: {
    isApplied: false,
    act: ({ shop, made }) => cancelAtToss(shop, made.paymentKey),
    healed: "missing_here",
  },
  deletedHere: {
    act: ({ sql, made }) =>
      byHand(
        sql,
        (hand) =>
          hand`delete from public.payments where payment_key = ${made.paymentKey}`,
      ),
    healed: "missing_here",
  },
  cancelDeletedHere: {
    async act(hand) {
      await cancelAtToss(hand.shop, hand.made.paymentKey, 100);
      await hear(hand);
      await byHand(
        hand.sql,
        (sql) =>
          sql`delete from public.payment_cancels where payment_key = ${hand.made.paymentKey}`,
      );
    },
    healed: "cancel_missing_here",
  },
  balanceAlteredHere: {
    act: ({ sql, made }) =>
      byHand(
        sql,
        (hand) =>
          hand`update public.payments set balance_amount = balance_amount - 1 where payment_key = ${made.paymentKey}`,
      ),
    healed: "status",
  },
  amountAlteredHere: {
    act: ({ sql, made }) =>
      byHand(
        sql,
        (hand) =>
          hand`update public.payments set total_amount = total_amount + 1, balance_amount = balance_amount + 1
          where payment_key = ${made.paymentKey}`,
      ),
    open: "amount",
    mend: ({ sql, made }) =>
      byHand(
        sql,
        (hand) =>
          hand`update public.payments set total_amount = total_amount - 1, balance_amount = balance_amount - 1
          where payment_key = ${made.paymentKey}`,
      ),
  },
  inventedHere: {
    async act({ sql, made }) {
      made.second = `invented_${made.paymentKey}`;
      await byHand(
        sql,
        (hand) =>
          hand`insert into public.payments (payment_key, order_id, status, method, total_amount, balance_amount, currency,
            approved_at, applied_at, created_at)
          select ${made.second}, order_id, status, method, total_amount, balance_amount, currency, approved_at, applied_at,
            created_at
          from public.payments where payment_key = ${made.paymentKey}`,
      );
    },
    open: "missing_at_toss",
    mend: ({ sql, made }) =>
      byHand(
        sql,
        (hand) =>
          hand`delete from public.payments where payment_key = ${made.second}`,
      ),
  },
  cancelInventedHere: {
    act: ({ sql, made }) =>
      byHand(
        sql,
        (hand) =>
          hand`insert into public.payment_cancels (transaction_key, payment_key, amount, canceled_at, created_at)
          select 'invented_' || right(payment_key, 20), payment_key, 100, approved_at, created_at
          from public.payments where payment_key = ${made.paymentKey}`,
      ),
    open: "cancel_missing_at_toss",
    mend: ({ sql, made }) =>
      byHand(
        sql,
        (hand) =>
          hand`delete from public.payment_cancels where payment_key = ${made.paymentKey}`,
      ),
  },
  forgottenAtToss: {
    act({ shop, made }) {
      assert.ok(shop.simulator.forgetPayment(made.paymentKey));
      return Promise.resolve();
    },
    open: "missing_at_toss",
  },
  cancelForgottenAtToss: {
    async act(hand) {
      await cancelAtToss(hand.shop, hand.made.paymentKey, 100);
      await hear(hand);
      assert.ok(hand.shop.simulator.forgetLastCancel(hand.made.paymentKey));
    },
    open: "cancel_missing_at_toss",
  },
  amountAlteredAtToss: {
    act({ shop, made }) {
      const { paymentKey, amount } = made;
      assert.ok(shop.simulator.alterAmount(paymentKey, amount - 1));
      return Promise.resolve();
    },
    open: "amount",
    mend({ shop, made }) {
      assert.ok(shop.simulator.alterAmount(made.paymentKey, made.amount));
      return Promise.resolve();
    },
  },
  paidTwice: {
    act: (hand) => payAgain(hand, hand.made.amount),
    open: "missing_here",
    mend: refundSecond,
  },
  paidWithAnotherAmount: {
    act: (hand) => payAgain(hand, hand.made.amount + 1),
    open: "missing_here",
    mend: refundSecond,
  },
} satisfies Record<string, FateDefinition>;

/** What becomes of a payment of the test. */
export type Fate = keyof typeof FATES;

/** All of them. */
export const FATE_NAMES = Object.keys(FATES) as Fate[];

function definitionOf(fate: Fate): FateDefinition {
  return FATES[fate];
}

/** Which payment a fate's difference is about: the one that it added, or the one it altered. */
function concerned({ fate, paymentKey, second }: Altered): string {
  return `${definitionOf(fate).open ?? definitionOf(fate).healed} ${
    second ?? paymentKey
  }`;
}

/** What must be mended, sorted. */
export function expectedHealed(all: readonly Altered[]): string[] {
  return all.filter(({ fate }) => definitionOf(fate).healed !== undefined)
    .map(concerned).sort();
}

/** What must be open, sorted. */
export function expectedOpen(all: readonly Altered[]): string[] {
  return all.filter(({ fate }) => definitionOf(fate).open !== undefined)
    .map(concerned).sort();
}

/** What stays open whatever a person does here. */
export function expectedForEver(all: readonly Altered[]): string[] {
  return expectedOpen(all.filter(({ fate }) => !definitionOf(fate).mend));
}

/** An order, its payment, and what becomes of it. */
export async function makeAltered(
  shop: Shop,
  fate: Fate,
  pair: Hand["pair"],
): Promise<Altered> {
  const { sql } = shop.stack;
  const order = await callSql(sql, "create_order", {
    requestId: crypto.randomUUID(),
    logRequestId: "altered-books",
    userId: null,
    items: [{ productId: "sticker", quantity: 1 }],
    timeToLiveSeconds: 3600,
    mode: "test",
    ...pair,
  });
  const { orderId, amount } = order as { orderId: string; amount: number };
  assert.ok(orderId, JSON.stringify(order));
  const { paymentKey } = shop.simulator.createPayment({
    orderId,
    amount,
    clientKey: pair.tossClientKey,
  });
  const made: Altered = { fate, paymentKey, orderId, amount, second: null };
  await approveAtToss(shop, made);
  const definition = definitionOf(fate);
  const hand = { shop, sql, made, pair };
  if (definition.isApplied !== false) await hear(hand);
  await definition.act?.(hand);
  return made;
}

/** What a person does about what is open. */
export async function mendByHand(
  shop: Shop,
  made: Altered,
  pair: Hand["pair"],
): Promise<void> {
  const definition = definitionOf(made.fate);
  if (definition.open === undefined) return;
  await definition.mend?.({ shop, sql: shop.stack.sql, made, pair });
}
