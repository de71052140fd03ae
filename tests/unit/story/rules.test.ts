import assert from "node:assert/strict";
import {
  quote,
  refund,
  toss,
} from "../../../supabase/functions/_shared/story/commands.ts";
import { tellStory } from "../../../supabase/functions/_shared/story/story.ts";
import { shown } from "../../../supabase/functions/_shared/story/words.ts";
import {
  EARLIER,
  LATER,
  operationOf,
  paymentOf,
  rowsOf,
  seen,
} from "./rows.ts";

const paid = paymentOf("DONE", { approvedAt: EARLIER });

const mismatch = {
  alert: "answer_mismatch",
  level: "critical" as const,
  subject: "order_000001",
  detail: null,
  since: EARLIER,
};

/** What `curl` would send, when a shell has read the command. */
async function bodyOf(command: string, env: Record<string, string> = {}) {
  const printed = await new Deno.Command("sh", {
    args: [
      "-c",
      `curl() { for last; do :; done; printf %s "$last"; }\n${command}`,
    ],
    env,
  }).output();
  return JSON.parse(new TextDecoder().decode(printed.stdout));
}

Deno.test("a refund's command carries its texts through a shell as they are", async () => {
  const given = {
    paymentKey: "key'; rm -rf /",
    cancelReason: '고객 변심 "$HOME" `id` it\'s',
    requestId: "by-hand-1",
  };
  assert.deepEqual(await bodyOf(refund(given)), given);
});

Deno.test("a refund to an account takes it from three variables", async () => {
  const command = refund({
    paymentKey: "key",
    cancelReason: "it's back",
    requestId: "by-hand-1",
    toAccount: true,
  });
  const body = await bodyOf(command, {
    BANK: "신한",
    ACCOUNT_NUMBER: "110413789012",
    HOLDER_NAME: "박 은닉",
  });
  assert.deepEqual(body.refundReceiveAccount, {
    bank: "신한",
    accountNumber: "110413789012",
    holderName: "박 은닉",
  });
});

Deno.test("an id that a shell would read otherwise is quoted", () => {
  assert.equal(toss("order", "a_b-1"), "npx -y deno task toss order a_b-1");
  assert.equal(quote("a b$(id)"), "'a b$(id)'");
});

Deno.test("shown() hides what could be the number of an account, a card or a person", () => {
  assert.equal(shown("계좌 110-123-456789"), "계좌 ***-***-******");
  assert.equal(shown("900101-1234567"), "******-*******");
  assert.equal(shown("010 9876 5432 로"), "*** **** **** 로");
  assert.equal(shown("주문 12345 건"), "주문 12345 건");
});

Deno.test("another amount at Toss is a person's to judge, until Toss shows the order's", () => {
  const rows = rowsOf("paid", { payments: [paid], alerts: [mismatch] });
  const wrong = tellStory(rows, [seen(paid, { totalAmount: 2_999 })]);
  assert.match(
    wrong.next?.why ?? "",
    /^Only a person can mend this: Toss took/,
  );
  const right = tellStory(rows, [seen(paid)]);
  assert.match(right.next?.why ?? "", /have its answer applied/);
});

Deno.test("a payment that Toss does not know is a person's to judge", () => {
  const { next, differs } = tellStory(rowsOf("paid", { payments: [paid] }), [{
    kind: "not_found",
    paymentKey: paid.paymentKey,
    orderId: paid.orderId,
  }]);
  assert.equal(differs, true);
  assert.match(next?.why ?? "", /^Only a person.*Toss knows no payment/);
});

Deno.test("a silent Toss is told, and no difference", () => {
  const { toss: sight, differs, next, timeline } = tellStory(
    rowsOf("paid", { payments: [paid] }),
    [{
      kind: "unknown",
      why: "TIMEOUT",
      paymentKey: paid.paymentKey,
      orderId: paid.orderId,
    }],
  );
  assert.deepEqual([sight, differs, next], [null, false, null]);
  assert.match(
    timeline.at(-1)?.text ?? "",
    /^Toss could not be asked now \(TIMEOUT\); from our rows alone: It is paid\.$/,
  );
});

Deno.test("an account's double payment asks for the buyer's account first", () => {
  const second = paymentOf("DONE", {
    paymentKey: "payment_key_2",
    method: "가상계좌",
    isVirtualAccount: true,
    approvedAt: null,
    paysOrder: false,
  });
  const { next } = tellStory(
    rowsOf("paid", {
      payments: [paid, second],
      alerts: [{ ...mismatch, alert: "second_payment" }],
      operations: [operationOf("succeeded")],
      moves: [{
        at: EARLIER,
        event: "second_payment",
        source: "webhook",
        orderId: paid.orderId,
        paymentKey: second.paymentKey,
        from: null,
        to: null,
        amount: 3_000,
        requestId: null,
        code: null,
        shortProductId: null,
        balanceAmount: null,
      }],
    }),
    [seen(paid), seen(second)],
  );
  assert.match(next?.why ?? "", /ask the buyer, and set BANK/);
  assert.match(next?.command ?? "", /"payment_key_2".*"\$ACCOUNT_NUMBER"/);
});

Deno.test("a refused refund is proposed with its tax-free part, until something went back by another way", async () => {
  const refused = operationOf("rejected", {
    kind: "cancel",
    amount: 1_000,
    taxFreeAmount: 1_000,
    errorCode: "NOT_CANCELABLE_PAYMENT",
  });
  const told = tellStory(
    rowsOf("paid", { payments: [paid], operations: [refused] }),
    [seen(paid)],
  );
  const body = await bodyOf(told.next?.command ?? "");
  assert.equal(body.cancelAmount, 1_000);
  assert.equal(body.taxFreeAmount, 1_000);

  const refunded = paymentOf("PARTIAL_CANCELED", {
    approvedAt: EARLIER,
    balanceAmount: 2_000,
    cancels: [{
      transactionKey: "cancel_1",
      amount: 1_000,
      status: "DONE",
      canceledAt: EARLIER,
      reason: null,
      isOurs: false,
      createdAt: EARLIER,
    }],
  });
  const later = tellStory(
    rowsOf("partially_refunded", {
      payments: [refunded],
      operations: [refused],
    }),
    [seen(refunded)],
  );
  assert.equal(later.next, null);
});

Deno.test("a part of a withdrawal that Toss refused is accepted again as that part", async () => {
  const refused = operationOf("rejected", {
    kind: "cancel",
    amount: 1_000,
    cancelAll: false,
  });
  const told = tellStory(
    rowsOf("paid", {
      payments: [paid],
      operations: [refused],
      withdrawals: [{
        id: "00000000-0000-4000-8000-000000000009",
        status: "accepted",
        requestedAt: EARLIER,
        dueAt: EARLIER,
        decidedAt: EARLIER,
        refundOperationId: refused.id,
      }],
      alerts: [{
        alert: "withdrawal_refund_refused",
        level: "critical",
        subject: "00000000-0000-4000-8000-000000000009",
        detail: null,
        since: EARLIER,
      }],
    }),
    [seen(paid)],
  );
  const body = await bodyOf(told.next?.command ?? "");
  assert.equal(body.cancelAmount, 1_000);
});

Deno.test("a deposit that the bank took back is told as such", () => {
  const waiting = paymentOf("WAITING_FOR_DEPOSIT", {
    isVirtualAccount: true,
    dueAt: LATER,
  });
  const told = tellStory(
    rowsOf("waiting_for_deposit", {
      payments: [waiting],
      moves: [{
        at: EARLIER,
        event: "payment_status",
        source: "webhook",
        orderId: "order_000001",
        paymentKey: "payment_key_1",
        from: "DONE",
        to: "WAITING_FOR_DEPOSIT",
        amount: null,
        requestId: null,
        code: null,
        shortProductId: null,
        balanceAmount: null,
      }],
    }),
    [seen(waiting)],
  );
  assert.match(told.timeline.at(-1)?.text ?? "", /took the deposit back/);
});
