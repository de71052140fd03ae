import assert from "node:assert/strict";
import { control } from "./control-client.ts";
import { confirm } from "./toss-client.ts";
import { MINUTE, ORDER, withSimulator } from "./with-simulator.ts";

const DAY = 24 * 60 * MINUTE;

Deno.test("control API moves the clock by a span whose parts add up", async () => {
  await withSimulator(async (simulator) => {
    const before = simulator.now();
    const span = { days: 1, hours: 2, minutes: 3, seconds: 4.5 };
    const { json } = await control(simulator, "POST /clock", span);
    const moved = json.milliseconds - before;
    const wanted = DAY + 123 * MINUTE + 4500;
    assert.ok(moved >= wanted && moved < wanted + MINUTE, `moved ${moved}`);
  });
});

Deno.test("control API moves the clock to a moment, never back", async () => {
  await withSimulator(async (simulator) => {
    const to = "2099-01-01T00:00:00+09:00";
    const { json } = await control(simulator, "POST /clock", { to });
    assert.match(json.now, /^2099-01-01T00:00:/);
    assert.equal((await control(simulator, "POST /clock", { to })).status, 400);
  });
});

Deno.test("what a step takes back does not happen when the clock has moved", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment(ORDER);
    const steps: number[] = [];
    await simulator.advance(30 * MINUTE, async (move) => {
      if (steps.length === 0) await confirm(simulator, payment);
      steps.push(move());
    });
    assert.equal(simulator.books()[0]?.status, "DONE");
    const [toExpiry = 0, rest = 0] = steps;
    assert.equal(steps.length, 2);
    // Real time passes too, and the clock stops where it was sent.
    assert.ok(Math.abs(toExpiry - 10 * MINUTE) < 5000);
    assert.ok(Math.abs(toExpiry + rest - 30 * MINUTE) < 5000);
  });
});

Deno.test("one move of the clock waits for the other", async () => {
  await withSimulator(async (simulator) => {
    const order: string[] = [];
    const held = Promise.withResolvers<void>();
    const before = simulator.now();
    const first = simulator.advance(DAY, async (move) => {
      await held.promise;
      order.push(`first ${move() >= DAY - 5000}`);
    });
    const second = simulator.advance(DAY, (move) => {
      order.push(`second ${move() >= DAY - 5000}`);
      return Promise.resolve();
    });
    held.resolve();
    await Promise.all([first, second]);
    assert.deepEqual(order, ["first true", "second true"]);
    assert.ok(simulator.now() - before >= 2 * DAY);
  });
});

Deno.test("a failing step leaves the clock where it was, and the next one moves it", async () => {
  await withSimulator(async (simulator) => {
    const failing = () => Promise.reject(new Error("no database"));
    await assert.rejects(simulator.advance(DAY, failing), /no database/);
    assert.ok(simulator.now() - Date.now() < MINUTE);
    await simulator.advance(DAY);
    assert.ok(simulator.now() - Date.now() >= DAY - 5000);
    simulator.resetClock();
    assert.ok(simulator.now() - Date.now() < MINUTE);
  });
});

Deno.test("a reset of the simulator puts the clocks back that it drives", async () => {
  await withSimulator(async (simulator) => {
    const calls: string[] = [];
    simulator.driveClocks({
      advance: (milliseconds) => {
        calls.push(`advance ${milliseconds}`);
        return simulator.advance(milliseconds);
      },
      reset: () => {
        calls.push("reset");
        return Promise.resolve();
      },
    });
    await control(simulator, "POST /clock", { minutes: 1 });
    await control(simulator, "POST /reset");
    assert.deepEqual(calls, ["advance 60000", "reset"]);
  });
});
