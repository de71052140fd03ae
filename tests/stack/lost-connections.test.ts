import assert from "node:assert/strict";
import postgres from "postgres";
import { saveRoundTrips } from "../../stack/fewer-round-trips.ts";
import { startTransactions } from "../../stack/transactions.ts";
import type { Stack } from "../../stack/stack.ts";
import { waitUntil } from "../../stack/wait-until.ts";
import { withStack } from "./project-fixture.ts";

/** Ends a session as a crash of the server does, and waits until it is gone. */
async function end({ sql }: Stack, pid: number): Promise<void> {
  await sql`select pg_terminate_backend(${pid})`;
  const isGone = await waitUntil(async () => {
    const rows = await sql`select from pg_stat_activity where pid = ${pid}`;
    return rows.length === 0;
  }, { timeoutMs: 10_000 });
  assert.ok(isGone);
  // The driver hears of it in a later turn.
  await new Promise((resolve) => setTimeout(resolve, 50));
}

async function isAsleep({ sql }: Stack): Promise<boolean> {
  const rows = await sql`
    select from pg_stat_activity where wait_event = 'PgSleep'`;
  return rows.length > 0;
}

async function pidAsleep(stack: Stack): Promise<number> {
  assert.ok(await waitUntil(() => isAsleep(stack), { timeoutMs: 10_000 }));
  const [row] = await stack.sql<{ pid: number }[]>`
    select pid from pg_stat_activity where wait_event = 'PgSleep'`;
  assert.ok(row);
  return row.pid;
}

Deno.test("a transaction whose server goes ends with an error, and the next one works", async (t) => {
  await withStack({ files: {} }, async (stack) => {
    const transactions = startTransactions(stack.dbUrl);
    const works = async () =>
      await transactions.run((ask) => ask<{ one: number }>`select 1 as one`);
    try {
      await t.step("while it waits for something else", async () => {
        await assert.rejects(transactions.run(async (ask) => {
          const [row] = await ask<
            { pid: number }
          >`select pg_backend_pid() as pid`;
          await end(stack, row?.pid ?? 0);
          await ask`select 2 as two`;
        }));
        assert.deepEqual([...await works()], [{ one: 1 }]);
      });
      await t.step("while it waits for an answer", async () => {
        const asking = transactions.run((ask) => ask`select pg_sleep(30)`);
        const failing = assert.rejects(asking);
        await end(stack, await pidAsleep(stack));
        await failing;
        assert.deepEqual([...await works()], [{ one: 1 }]);
      });
      await t.step("a statement that fails is rolled back", async () => {
        await transactions.run((ask) => ask`create table kept (id int)`);
        await assert.rejects(transactions.run(async (ask) => {
          await ask`insert into kept values (1)`;
          await ask`select 1 / 0`;
        }));
        const rows = await transactions.run((ask) => ask`select id from kept`);
        assert.deepEqual([...rows], []);
      });
    } finally {
      await transactions.stop();
    }
  });
});

Deno.test("a session of the Data API whose server went says so, and asks nothing more", async () => {
  await withStack({ files: {} }, async (stack) => {
    const driver = postgres(stack.dbUrl, { max: 1, onnotice: () => {} });
    saveRoundTrips(driver);
    try {
      const session = await driver.reserve();
      await session.unsafe("begin");
      const failing = assert.rejects(
        Promise.resolve(session.unsafe("select pg_sleep(30)")),
        { code: /^CONNECTION_|^57P01$/ },
      );
      await end(stack, await pidAsleep(stack));
      await failing;
      // What was begun is undone with the session; a layer that hears of a failure here hides the first one.
      await session.unsafe("rollback");
      await assert.rejects(Promise.resolve(session.unsafe("select 1")));
      session.release();
    } finally {
      await driver.end({ timeout: 5 });
    }
  });
});
