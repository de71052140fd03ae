import type { Book } from "../../simulator/books.ts";
import {
  type Story,
  story,
} from "../../supabase/functions/_shared/story/story.ts";
import { orderIdsOf, type RunState } from "./run-state.ts";
import { type Violation, when } from "./verdict.ts";
import { work } from "./worker.ts";

/** So many orders of a run are told; a plan has few. */
const MOST_ORDERS = 3;

const LOOK = /^npx -y deno task toss replay --look (\S+)$/;

/** The story of an order as the function `operator` tells it; null when it did not answer 200. */
async function tell({ chaos }: RunState, id: string): Promise<Story | null> {
  const { functionsUrl, secretKey } = chaos.stack;
  const answer = await fetch(`${functionsUrl}/operator`, {
    method: "POST",
    headers: { apikey: secretKey, "content-type": "application/json" },
    body: JSON.stringify({ action: "order", id }),
  }).catch(() => null);
  const body = await answer?.json().catch(() => null);
  return answer?.status === 200 ? story.parse(body) : null;
}

function booksOf({ chaos }: RunState, orderId: string): Book[] {
  return chaos.simulator.books().filter((book) => book.orderId === orderId);
}

function holdsMoney(
  { approvals, virtualAccount, status, balanceAmount }: Book,
) {
  const waits = virtualAccount !== null && status === "WAITING_FOR_DEPOSIT";
  return (approvals > 0 || waits) && balanceAmount > 0;
}

/** Whether a story says of Toss and of the difference what the simulator's own record says. */
function compareWith(told: Story, books: readonly Book[], when_: string) {
  const { order, payments, toss } = told;
  const name = `${when_}, the story of ${order?.id}`;
  const book = books.find(({ paymentKey }) => paymentKey === toss?.paymentKey);
  const truth = books.filter((each) => {
    const ours = payments.find(({ paymentKey }) =>
      paymentKey === each.paymentKey
    );
    return ours === undefined
      ? holdsMoney(each)
      : ours.status !== each.status ||
        ours.balanceAmount !== each.balanceAmount;
  });
  const missed = truth.filter(({ paymentKey }) =>
    !told.differences.some((each) => each.paymentKey === paymentKey)
  );
  return [
    ...when(
      toss !== null && (toss.status !== book?.status ||
        toss.balanceAmount !== book.balanceAmount ||
        toss.totalAmount !== book.totalAmount),
      "wrong",
      `${name} shows ${
        JSON.stringify(toss)
      }, Toss has ${book?.status} ${book?.balanceAmount}`,
    ),
    ...when(
      toss === null && books.some(holdsMoney),
      "wrong",
      `${name} shows nothing of Toss's money`,
    ),
    ...when(
      missed.length > 0,
      "wrong",
      `${name} does not see that ${
        missed.map(({ paymentKey, status }) => `${paymentKey} is ${status}`)
      } at Toss`,
    ),
    ...when(
      told.differs && truth.length === 0,
      "wrong",
      `${name} sees differences that are none: ${
        JSON.stringify(told.differences)
      }`,
    ),
  ];
}

/** Does what a story proposes when it is that Toss be asked; answers whether it was. */
async function followLook(state: RunState, told: Story): Promise<boolean> {
  const [, id] = told.next?.command.match(LOOK) ?? [];
  if (id === undefined) return false;
  const { stack } = state.chaos;
  await stack.sql`select public.look_again(${stack.sql.json({ id })})`;
  await work(state.chaos, "webhooks");
  await work(state.chaos, "operations");
  await state.chaos.idle();
  return true;
}

async function isBusy({ chaos }: RunState, orderId: string): Promise<boolean> {
  const [row] = await chaos.stack.sql<{ is_busy: boolean }[]>`
    select exists (
      select 1 from public.operations as op
      where op.order_id = ${orderId} and op.state in ('started', 'unknown')
    ) as is_busy`;
  return row?.is_busy ?? true;
}

/**
 * Tells the stories of a run that has just gone wrong, before anything heals.
 *
 * Each must say what the simulator's record says. In every other run what they propose is done as well, and must
 * mend what differs, unless an attempt holds its lease still; the others heal by themselves.
 */
export async function checkStoriesOfMess(
  state: RunState,
): Promise<Violation[]> {
  const found: Violation[] = [];
  const ids = (await orderIdsOf(state)).slice(0, MOST_ORDERS);
  await state.chaos.idle();
  for (const id of ids) {
    const told = await tell(state, id);
    if (told === null) continue;
    found.push(...compareWith(told, booksOf(state, id), "in the mess"));
    if (state.plan.seed % 2 === 0 || !await followLook(state, told)) continue;
    const after = await tell(state, id);
    if (after === null || await isBusy(state, id)) continue;
    found.push(...when(
      after.differs,
      "stuck",
      `${told.next?.command} did not mend ${JSON.stringify(after.differences)}`,
    ));
  }
  return found;
}

/** Once a run has healed, its stories agree with Toss, and propose at most what a person decides. */
export async function checkStories(state: RunState): Promise<Violation[]> {
  const found: Violation[] = [];
  for (const id of (await orderIdsOf(state)).slice(0, MOST_ORDERS)) {
    const told = await tell(state, id);
    if (told === null) {
      found.push({ kind: "wrong", text: `order ${id} has no story` });
      continue;
    }
    found.push(
      ...compareWith(told, booksOf(state, id), "at the end"),
      ...when(
        LOOK.test(told.next?.command ?? ""),
        "wrong",
        `at the end the story of ${id} still says: ${told.next?.why}`,
      ),
    );
  }
  return found;
}
