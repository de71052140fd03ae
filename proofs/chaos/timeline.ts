import { orderIdsOf, paymentsOf, type RunState } from "./run-state.ts";

interface Line {
  at: Date | string;
  text: string;
}

async function databaseLines(state: RunState): Promise<Line[]> {
  const ids = await orderIdsOf(state);
  return await state.chaos.stack.sql<Line[]>`
    select v.created_at as at,
      format('audit     %s by %s: %s -> %s, %s %s %s', v.event, v.source, v.from_status, v.to_status,
        v.order_id, v.payment_key, v.detail) as text
    from public.payment_events as v where v.order_id = any (${ids})
    union all
    select op.created_at,
      format('operation %s is %s (%s), key %s, %s attempts, %s %s %s', op.id, op.state, op.error_code,
        op.idempotency_key, op.attempts, op.order_id, op.payment_key, op.reason)
    from public.operations as op where op.order_id = any (${ids})
    union all
    select e.created_at,
      format('webhook   %s is %s (%s), %s attempts, %s deliveries, %s %s', e.id, e.status, e.last_error,
        e.attempts, e.delivery_count, e.order_id, e.payment_key)
    from public.webhook_events as e where e.order_id = any (${ids})`;
}

function tossLines(state: RunState): Line[] {
  const { simulator } = state.chaos;
  const keys = paymentsOf(state).map(({ paymentKey }) => paymentKey);
  const orderIds = state.orders.map(({ orderId }) => orderId);
  const requests = simulator.requests()
    .filter(({ path }) =>
      path.endsWith("/confirm") || path.endsWith("/virtual-accounts") ||
      path.startsWith("/v1/cash-receipts") ||
      keys.some((key) => path.includes(key)) ||
      orderIds.some((id) => path.endsWith(id))
    )
    .map(({ at, method, path, status, idempotencyKey }) => ({
      at,
      text: `toss      ${method} ${path} -> ${status} ${idempotencyKey ?? ""}`,
    }));
  const deliveries = simulator.deliveries()
    .filter(({ paymentKey }) => keys.includes(paymentKey))
    .flatMap((delivery) =>
      delivery.attempts.map(({ at, httpStatus }) => ({
        at,
        text: `delivery  ${delivery.status} of ${delivery.paymentKey} -> ` +
          `${httpStatus} ${delivery.transmissionId}`,
      }))
    );
  return [...requests, ...deliveries];
}

/** Everything that is known about a run, in the order of (virtual) time. */
export async function timeline(
  state: RunState,
  since: number,
): Promise<string[]> {
  const lines = [...await databaseLines(state), ...tossLines(state)]
    .map(({ at, text }) => ({ at: new Date(at), text }))
    .filter(({ at }) => at.getTime() >= since - 1000)
    .sort((a, b) => a.at.getTime() - b.at.getTime());
  const answers = state.answers.map((answer) =>
    `answer    ${answer.paymentKey} ${answer.amount} -> ${answer.status} ` +
    `${answer.result} ${answer.tossCode ?? ""}`
  );
  const books = paymentsOf(state).flatMap(({ paymentKey }) =>
    state.chaos.simulator.books()
      .filter((book) => book.paymentKey === paymentKey)
      .map((book) => `book      ${JSON.stringify(book)}`)
  );
  return [
    ...answers,
    ...state.refundAnswers.map((answer) =>
      `refund    ${JSON.stringify(answer)}`
    ),
    ...state.issueAnswers.map((answer) =>
      `account   ${JSON.stringify(answer)}`
    ),
    ...state.receiptAnswers.map((answer) =>
      `receipt   ${JSON.stringify(answer)}`
    ),
    ...state.withdrawalAnswers.map((answer) =>
      `withdraw  ${JSON.stringify(answer)}`
    ),
    ...books,
    ...lines.map(({ at, text }) => `${at.toISOString()} ${text}`),
  ];
}
