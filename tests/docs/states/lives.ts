import { answerAbout, type AnsweredOrder } from "../../support/answers.ts";

/** One answer of Toss, as `apply_payment` takes it. */
type TossAnswer = Record<string, unknown>;

/** The answers that one payment can give, oldest first. */
export type Life = (order: AnsweredOrder, paymentKey: string) => TossAnswer[];

const WHEN = "2026-11-21T10:00:00+09:00";
/** Ahead of the clock: only the answer's own word says here that a deadline is over. */
const DUE_DATE = new Date(Date.now() + 3 * 24 * 60 * 60 * 1000).toISOString();
const UNPAID = { approvedAt: null };

function cancel(
  transactionKey: string,
  cancelAmount: number,
  cancelStatus = "DONE",
) {
  return {
    transactionKey,
    cancelAmount,
    cancelStatus,
    cancelReason: "test",
    canceledAt: WHEN,
  };
}

function waiting(expired = false) {
  return {
    ...UNPAID,
    status: "WAITING_FOR_DEPOSIT",
    method: "가상계좌",
    virtualAccount: { expired, dueDate: DUE_DATE },
  };
}

/** A life as changes to the answer DONE. */
function life(
  changesOf: (amount: number, key: string) => TossAnswer[],
): Life {
  return (order, paymentKey) =>
    changesOf(order.amount, paymentKey).map((changes) =>
      answerAbout(paymentKey, order, changes)
    );
}

/** Every kind of life that Toss documents, and those that were measured. Source: Toss, 결제 상태. */
export const LIVES: Record<string, Life> = {
  "a card payment, cancelled bit by bit": life((amount, key) => {
    const cancels = [cancel(`${key}-1`, 1)];
    return [
      { ...UNPAID, status: "READY" },
      { ...UNPAID, status: "IN_PROGRESS" },
      {},
      { status: "PARTIAL_CANCELED", balanceAmount: amount - 1, cancels },
      {
        status: "PARTIAL_CANCELED",
        balanceAmount: 0,
        cancels: [...cancels, cancel(`${key}-2`, amount - 1)],
      },
    ];
  }),
  "a card payment, cancelled at once": life((amount, key) => [
    {},
    {
      status: "CANCELED",
      balanceAmount: 0,
      cancels: [cancel(key, amount)],
    },
  ]),
  "a declined payment": life(() => [
    { ...UNPAID, status: "READY" },
    { ...UNPAID, status: "IN_PROGRESS" },
    { ...UNPAID, status: "ABORTED" },
  ]),
  "a payment that nobody confirms": life(() => [
    { ...UNPAID, status: "READY" },
    { ...UNPAID, status: "IN_PROGRESS" },
    { ...UNPAID, status: "EXPIRED" },
  ]),
  "a deposit that the bank takes back and that comes again": life(
    (amount, key) => [
      { ...UNPAID, status: "IN_PROGRESS" },
      waiting(),
      { method: "가상계좌" },
      waiting(),
      { method: "가상계좌" },
      {
        status: "PARTIAL_CANCELED",
        balanceAmount: amount - 1,
        cancels: [cancel(key, 1)],
      },
    ],
  ),
  "a deposit that the bank takes back after the deadline": life(() => [
    waiting(),
    { method: "가상계좌" },
    waiting(true),
  ]),
  "an account that is given up": life((amount, key) => [
    waiting(),
    {
      ...UNPAID,
      status: "CANCELED",
      balanceAmount: 0,
      cancels: [cancel(key, amount)],
    },
  ]),
  "an account past its deadline, and a late deposit": life((amount, key) => [
    waiting(),
    waiting(true),
    { method: "가상계좌" },
    {
      status: "CANCELED",
      balanceAmount: 0,
      cancels: [cancel(key, amount)],
    },
  ]),
  "an account that Toss ends": life(() => [
    waiting(),
    { ...UNPAID, status: "EXPIRED" },
  ]),
  "an account that Toss aborts": life(() => [
    waiting(),
    { ...UNPAID, status: "ABORTED" },
  ]),
  "an asynchronous cancel of everything that fails": life((amount, key) => [
    {},
    {
      status: "CANCELED",
      balanceAmount: 0,
      cancels: [cancel(key, amount, "IN_PROGRESS")],
    },
    { cancels: [cancel(key, amount, "ABORTED")] },
  ]),
  "an asynchronous partial cancel that fails": life((amount, key) => [
    {},
    {
      status: "PARTIAL_CANCELED",
      balanceAmount: amount - 1,
      cancels: [cancel(key, 1, "IN_PROGRESS")],
    },
    { cancels: [cancel(key, 1, "ABORTED")] },
  ]),
  "an asynchronous cancel of the rest that fails": life((amount, key) => {
    const first = cancel(`${key}-1`, 1);
    const rest = amount - 1;
    return [
      { status: "PARTIAL_CANCELED", balanceAmount: rest, cancels: [first] },
      {
        status: "PARTIAL_CANCELED",
        balanceAmount: 0,
        cancels: [first, cancel(`${key}-2`, rest, "IN_PROGRESS")],
      },
      {
        status: "PARTIAL_CANCELED",
        balanceAmount: rest,
        cancels: [first, cancel(`${key}-2`, rest, "ABORTED")],
      },
    ];
  }),
};
