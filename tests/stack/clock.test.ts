import assert from "node:assert/strict";
import { join } from "node:path";
import { ClockRefusedError } from "../../simulator/clock.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { type Stack, startStack } from "../../stack/stack.ts";
import type { Simulator } from "../../stack/toss.ts";
import { createProject, withStack } from "./project-fixture.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const CLOCK = "00_foundation.sql";

const FILES = {
  migrations: {
    [CLOCK]: await Deno.readTextFile(
      join(PROJECT_ROOT, "supabase", "schemas", CLOCK),
    ),
  },
  functions: {
    "later": `
      declare const EdgeRuntime: { waitUntil(promise: Promise<unknown>): void };
      let done = false;
      export default {
        fetch() {
          EdgeRuntime.waitUntil(
            new Promise((resolve) => setTimeout(resolve, 200))
              .then(() => done = true),
          );
          return Response.json(done);
        },
      };`,
  },
};

function simulatorOf({ simulator }: Stack): Simulator {
  assert.ok(simulator);
  return simulator;
}

/** How far the two clocks are ahead of the real time, in milliseconds. */
async function leads(stack: Stack) {
  const [row] = await stack.sql<{ lead: number }[]>`
    select extract(epoch from time_offset)::float8 * 1000 as lead
    from toss_private.clock`;
  const simulator = simulatorOf(stack).now() - Date.now();
  return { database: row?.lead ?? NaN, simulator };
}

/** Both clocks are ahead by the same; by how much, in milliseconds. */
async function commonLead(stack: Stack): Promise<number> {
  const { database, simulator } = await leads(stack);
  // The millisecond in which the test reads the one clock and then the other.
  assert.ok(
    Math.abs(database - simulator) <= 5,
    `database ${database}, simulator ${simulator}`,
  );
  return database;
}

function control(stack: Stack, path: string, body: unknown): Promise<Response> {
  return fetch(`${simulatorOf(stack).url}/__simulator${path}`, {
    method: "POST",
    body: JSON.stringify(body),
  });
}

Deno.test("advanceClock() moves the database and the simulator by the same amount", async () => {
  await withStack({ files: FILES }, async (stack) => {
    const before = Date.now();
    await stack.advanceClock({ days: 31, hours: 1, minutes: 1, seconds: 1 });
    const wanted = 31 * DAY + 61 * MINUTE + 1000;
    // The time that the move itself takes counts too.
    const elapsed = Date.now() - before;
    const lead = await commonLead(stack);
    assert.ok(lead <= wanted && lead >= wanted - elapsed - 5, `lead ${lead}`);
    const now = (await stack.now()).getTime();
    assert.ok(now >= before + wanted && now < before + wanted + MINUTE);

    const moment = new Date(now + DAY);
    await stack.advanceClock(moment);
    const reached = (await stack.now()).getTime() - moment.getTime();
    assert.ok(reached >= 0 && reached < MINUTE, `reached ${reached}`);
    assert.ok(await commonLead(stack) > wanted + DAY - MINUTE);

    await assert.rejects(stack.advanceClock(moment), RangeError);
    await assert.rejects(stack.advanceClock({ days: -1 }), RangeError);
    assert.ok(await commonLead(stack) < wanted + DAY + MINUTE);
  });
});

Deno.test("what falls due on the way happens at its own time on both clocks", async () => {
  await withStack({ files: FILES }, async (stack) => {
    const simulator = simulatorOf(stack);
    const attempts: { sentAt: number; databaseAt: number }[] = [];
    await using receiver = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async ({ headers }) => {
        const time = headers.get("tosspayments-webhook-transmission-time");
        const databaseAt = (await stack.now()).getTime();
        attempts.push({ sentAt: Date.parse(time ?? ""), databaseAt });
        return new Response(null, { status: 500 });
      },
    );
    simulator.setWebhookUrls([`http://127.0.0.1:${receiver.addr.port}`]);
    const start = Date.now();
    simulator.createPayment({ orderId: "order-0001", amount: 1000 });

    await stack.advanceClock({ hours: 2 });

    const minutes = attempts
      .map(({ databaseAt }) => Math.round((databaseAt - start) / MINUTE));
    // Expired after 10 minutes; retried after 1, 4, 16 and 64 more.
    assert.deepEqual(minutes, [10, 11, 15, 31, 95]);
    for (const { sentAt, databaseAt } of attempts) {
      // The header has whole seconds.
      assert.ok(Math.abs(databaseAt - sentAt) < 2000);
    }
    assert.ok(await commonLead(stack) > 110 * MINUTE);
  });
});

Deno.test("the control API of a stack's simulator moves and resets both clocks", async () => {
  await withStack({ files: FILES }, async (stack) => {
    const moved = await control(stack, "/clock", { days: 31 });
    const { milliseconds } = await moved.json();
    const now = (await stack.now()).getTime();
    assert.ok(now >= milliseconds && now < milliseconds + MINUTE);
    assert.ok(await commonLead(stack) > 30 * DAY);
    await (await control(stack, "/reset", {})).body?.cancel();
    assert.ok(await commonLead(stack) < MINUTE);

    await stack.advanceClock({ days: 1 });
    await stack.resetClock();
    assert.ok(await commonLead(stack) < MINUTE);
  });
});

Deno.test("the clock waits for the functions and stops with the database", async () => {
  await withStack({ files: FILES }, async (stack) => {
    const callLater = async () =>
      await (await fetch(`${stack.functionsUrl}/later`)).json();
    assert.equal(await callLater(), false);
    await stack.advanceClock({ minutes: 1 });
    assert.equal(await callLater(), true);

    await stack.sql`alter table toss_private.clock rename to hidden`;
    await assert.rejects(stack.advanceClock({ days: 1 }));
    await stack.sql`alter table toss_private.hidden rename to clock`;
    assert.ok(await commonLead(stack) < 2 * MINUTE);
  });
});

Deno.test("a database that is ahead when the stack starts takes the simulator along", async () => {
  await using project = await createProject(FILES);
  const options = { ...project.options, dbDir: join(project.folder, "db") };
  const first = await startStack(options);
  await first.advanceClock({ days: 31 });
  const lead = await commonLead(first);
  await first.stop();
  const second = await startStack(options);
  const kept = await commonLead(second);
  await second.stop();
  assert.equal(kept, lead);
});

Deno.test("the clock stays where it is with live keys", async () => {
  const environment = {
    TOSS_SECRET_KEY: "live_sk_clock",
    TOSS_CLIENT_KEY: "live_ck_clock",
  };
  await withStack({ files: FILES, options: { environment } }, async (stack) => {
    await assert.rejects(stack.advanceClock({ days: 1 }), ClockRefusedError);
    const answer = await control(stack, "/clock", { days: 1 });
    assert.equal(answer.status, 409);
    assert.match(await answer.text(), /test keys/);
    assert.ok(await commonLead(stack) < MINUTE);
    assert.ok((await stack.now()).getTime() - Date.now() < MINUTE);
  });
});

Deno.test("the clock stays where it is when one of the two is missing", async () => {
  const options = { tossApiBaseUrl: "http://127.0.0.1:9" };
  await withStack({ files: FILES, options }, async (stack) => {
    await assert.rejects(stack.advanceClock({ days: 1 }), /another Toss/);
    const lead = (await stack.now()).getTime() - Date.now();
    assert.ok(lead < MINUTE);
  });
  await withStack({ files: {} }, async (stack) => {
    await assert.rejects(
      stack.advanceClock({ days: 1 }),
      /no toss_private\.clock/,
    );
    assert.ok(simulatorOf(stack).now() - Date.now() < MINUTE);
    await stack.resetClock();
  });
});
