import assert from "node:assert/strict";
import { runBatches } from "../../../supabase/functions/_shared/operations/run-batches.ts";

function workOf(total: number) {
  const items = Array.from({ length: total }, (_, index) => index);
  const sizes: number[] = [];
  return {
    sizes,
    claim(size: number) {
      sizes.push(size);
      const taken = items.splice(0, size);
      return Promise.resolve({ items: taken, remaining: items.length });
    },
  };
}

const ignore = () => {};

Deno.test("runBatches() takes small batches until nothing is due", async () => {
  const work = workOf(25);
  const run = await runBatches({
    limit: 100,
    claim: work.claim,
    handle: (item) => Promise.resolve(item),
    onInterrupted: ignore,
  });
  assert.equal(run.claimed, 25);
  assert.equal(run.results.length, 25);
  assert.equal(run.remaining, 0);
  assert.deepEqual(work.sizes, [10, 10, 10]);
});

Deno.test("runBatches() takes batches of the size it is given", async () => {
  const work = workOf(25);
  await runBatches({
    limit: 100,
    batchSize: 20,
    claim: work.claim,
    handle: (item) => Promise.resolve(item),
    onInterrupted: ignore,
  });
  assert.deepEqual(work.sizes, [20, 20]);
});

Deno.test("runBatches() stops at its limit and says what remains", async () => {
  const work = workOf(30);
  const run = await runBatches({
    limit: 12,
    claim: work.claim,
    handle: (item) => Promise.resolve(item),
    onInterrupted: ignore,
  });
  assert.equal(run.claimed, 12);
  assert.equal(run.remaining, 18);
  assert.deepEqual(work.sizes, [10, 2]);
});

Deno.test("runBatches() begins no batch after its time", async () => {
  const work = workOf(50);
  let time = 0;
  const run = await runBatches({
    limit: 100,
    claim: work.claim,
    handle: (item) => {
      time += 7_000;
      return Promise.resolve(item);
    },
    onInterrupted: ignore,
    now: () => time,
  });
  assert.equal(run.claimed, 10);
  assert.equal(run.remaining, 40);
});

Deno.test("runBatches() goes on when one item fails", async () => {
  const work = workOf(3);
  const interrupted: number[] = [];
  const run = await runBatches({
    limit: 10,
    claim: work.claim,
    handle: (item) =>
      item === 1 ? Promise.reject(new Error("cut")) : Promise.resolve(item),
    onInterrupted: (item) => interrupted.push(item),
  });
  assert.deepEqual(run.results, [0, 2]);
  assert.deepEqual(interrupted, [1]);
  assert.equal(run.interrupted, 1);
});
