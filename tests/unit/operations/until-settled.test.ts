import assert from "node:assert/strict";
import { untilSettled } from "../../../supabase/functions/_shared/operations/until-settled.ts";

/** A clock that moves only while somebody waits. */
function waiting() {
  let time = 0;
  const pauses: number[] = [];
  return {
    pauses,
    now: () => time,
    pause: (milliseconds: number) => {
      time += milliseconds;
      pauses.push(milliseconds);
      return Promise.resolve();
    },
  };
}

Deno.test("untilSettled() asks once when the answer is settled", async () => {
  const clock = waiting();
  const result = await untilSettled(
    () => 1,
    () => Promise.resolve({ isSettled: true, result: "done" }),
    clock,
  );
  assert.equal(result, "done");
  assert.deepEqual(clock.pauses, []);
});

Deno.test("untilSettled() asks again at growing distances until the answer is settled", async () => {
  const clock = waiting();
  let asked = 0;
  const result = await untilSettled(
    () => 1,
    () => Promise.resolve({ isSettled: ++asked === 6, result: asked }),
    clock,
  );
  assert.equal(result, 6);
  assert.deepEqual(clock.pauses, [100, 200, 400, 500, 500]);
});

Deno.test("untilSettled() waits at least half of each pause", async () => {
  const clock = waiting();
  let asked = 0;
  await untilSettled(
    () => 0,
    () => Promise.resolve({ isSettled: ++asked === 3, result: null }),
    clock,
  );
  assert.deepEqual(clock.pauses, [50, 100]);
});

Deno.test("untilSettled() gives the last answer after 15 seconds", async () => {
  const clock = waiting();
  let asked = 0;
  const result = await untilSettled(
    () => 1,
    () => Promise.resolve({ isSettled: false, result: ++asked }),
    clock,
  );
  assert.equal(result, asked);
  const waited = clock.now();
  assert.ok(waited >= 15_000 && waited < 15_600, String(waited));
});
