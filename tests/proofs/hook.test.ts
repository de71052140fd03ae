import assert from "node:assert/strict";
import { startChaosStack } from "../../proofs/chaos/chaos-stack.ts";
import { planRun } from "../../proofs/chaos/plan-run.ts";
import { runSeed } from "../../proofs/chaos/run.ts";

/** What was owed to the hook is forgotten. */
const FORGETFUL = `
  create function chaos_shop.forget() returns trigger language plpgsql as $$ begin return null; end; $$;
  create trigger forget before insert on toss_private.order_hook_calls
    for each row execute function chaos_shop.forget();`;

/** The first seed from a number on whose hook raises at every call of a plain purchase. */
function seedOfRaisingHook(from: number): number {
  for (let seed = from;; seed++) {
    const { hook, scene, cuts } = planRun(seed);
    if (hook.share === 1 && scene === "purchase" && cuts.length === 0) {
      return seed;
    }
  }
}

Deno.test("a chaos run finds a call of the order hook that nobody makes up for", async () => {
  const chaos = await startChaosStack();
  try {
    await chaos.stack.sql.unsafe(FORGETFUL).simple();

    const { violations } = await runSeed(chaos, seedOfRaisingHook(1));

    const texts = violations.map(({ kind, text }) => `${kind} ${text}`);
    assert.ok(
      texts.some((text) => /^lost the order hook of /.test(text)),
      JSON.stringify(texts),
    );
  } finally {
    await chaos.stop();
  }
});
