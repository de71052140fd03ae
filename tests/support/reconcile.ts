import assert from "node:assert/strict";
import { callSql } from "./answers.ts";
import type { Shop } from "./shop.ts";
import { settleWebhooks } from "./webhooks.ts";
import { callWorker } from "./worker.ts";

/** A difference as the command prints it. */
export interface Difference {
  kind: string;
  paymentKey: string;
  transactionKey: string | null;
  orderId: string | null;
  ours: Record<string, unknown> | null;
  theirs: Record<string, unknown> | null;
  reason: string;
  resolution: string | null;
  resolvedAt: string | null;
}

/** What a run came to. */
export interface Reconciled {
  runId: string;
  from: string;
  to: string;
  status: string;
  compared: number;
  healed: number;
  open: number;
  foreign: number;
  /** Those of the run, and all that are open. */
  differences: Difference[];
}

/** One slice of a run, as of twenty minutes from now: what just happened is compared as well. */
export function reconcileSlice(
  shop: Shop,
  body: Record<string, unknown> = {},
) {
  const asOf = new Date(shop.simulator.now() + 20 * 60_000).toISOString();
  return callWorker(shop, { job: "reconcile", asOf, ...body });
}

/** A run to its end. */
export async function reconcile(
  shop: Shop,
  body: Record<string, unknown> = {},
): Promise<Reconciled> {
  let runId: unknown;
  for (let slice = 0; slice < 200; slice++) {
    const answer = await reconcileSlice(shop, body);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    runId ??= answer.body.runId;
    if (runId === undefined) continue;
    // The job wakes itself while something is left, so another worker may have ended the run.
    const run: unknown = await callSql(shop.stack.sql, "read_reconciliation", {
      runId,
    });
    if ((run as Reconciled).status !== "running") return run as Reconciled;
  }
  throw new Error("the run does not end");
}

/** What is open, as `kind paymentKey`, and of cancels with their keys; sorted. */
export function openOf({ differences }: Reconciled): string[] {
  return differences.filter(({ resolution }) => resolution === null)
    .map(({ kind, paymentKey }) => `${kind} ${paymentKey}`).sort();
}

/** What was mended. */
export function healedOf({ differences }: Reconciled): string[] {
  return differences.filter(({ resolution }) => resolution === "healed")
    .map(({ kind, paymentKey }) => `${kind} ${paymentKey}`).sort();
}

/** From now on no webhook arrives; those that are under way have done their work. */
export async function loseWebhooks(shop: Shop): Promise<void> {
  await settleWebhooks(shop);
  shop.simulator.setWebhookUrls([]);
}
