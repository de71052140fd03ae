import type { Book } from "../../simulator/books.ts";
import { CLIENT_KEYS } from "./chaos-stack.ts";
import type { RunState } from "./run-state.ts";
import { type Violation, when } from "./verdict.ts";

const PAYMENT = /^\/v1\/payments\/([^/]+)(?:\/cancel)?$/;

/**
 * Every payment belongs to the pair that its order's row names, and whoever asked Toss about it by its key, or
 * cancelled it, came with that pair.
 */
export async function checkKeys(
  { chaos }: RunState,
  books: Book[],
): Promise<Violation[]> {
  const ids = books.map(({ orderId }) => orderId);
  const rows = await chaos.stack.sql<{ id: string; toss_keys: string }[]>`
    select id, toss_keys from public.orders where id = any (${ids})`;
  const keysOf = new Map(rows.map((row) => [row.id, row.toss_keys]));
  const clientKeys = new Map(
    books.map(({ paymentKey, clientKey }) => [paymentKey, clientKey]),
  );
  const taken = books.filter(({ approvals }) => approvals > 0);
  return [
    ...taken.flatMap(({ orderId, paymentKey, clientKey }) =>
      when(
        CLIENT_KEYS[keysOf.get(orderId) ?? ""] !== clientKey,
        "wrong",
        `payment ${paymentKey} was made with ${clientKey}, its order is ${
          keysOf.get(orderId)
        }`,
      )
    ),
    ...chaos.simulator.requests().flatMap(({ method, path, clientKey }) => {
      const expected = clientKeys.get(PAYMENT.exec(path)?.[1] ?? "");
      return when(
        expected !== undefined && expected !== clientKey,
        "wrong",
        `${method} ${path} came with ${clientKey}`,
      );
    }),
  ];
}
