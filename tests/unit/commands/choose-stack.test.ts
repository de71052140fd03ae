import assert from "node:assert/strict";
import { chooseStack } from "../../../scripts/project/choose-stack.ts";

function stack(port: number, dbDir = `/data/${port}`) {
  return { pid: 1, port, dbDir, variables: {} };
}

const ANY = { port: null, dbDir: null };

function reasonOf(
  running: ReturnType<typeof stack>[],
  wanted: Partial<typeof ANY | { port: number; dbDir: string }> = {},
): string {
  const choice = chooseStack(running, { ...ANY, ...wanted });
  assert.equal(choice.outcome, "none");
  return choice.outcome === "none" ? choice.reason : "";
}

Deno.test("chooseStack() takes the only stack, and of several the one on the usual port", () => {
  for (const running of [[stack(61321)], [stack(61321), stack(54321)]]) {
    const choice = chooseStack(running, ANY);
    assert.deepEqual(choice, { outcome: "found", state: running.at(-1) });
  }
});

Deno.test("chooseStack() takes the stack that port or folder names", () => {
  const running = [stack(1), stack(2), stack(54321)];
  for (const wanted of [{ ...ANY, port: 2 }, { ...ANY, dbDir: "/data/2" }]) {
    const choice = chooseStack(running, wanted);
    assert.deepEqual(choice, { outcome: "found", state: running[1] });
  }
});

Deno.test("chooseStack() says which stacks run when none is the wanted one", () => {
  assert.match(
    reasonOf([]),
    /^No stack is running \(npx -y deno task dev starts one\)\.$/,
  );
  assert.match(reasonOf([stack(1)], { port: 2 }), /there is one on 1\.$/);
  assert.match(reasonOf([stack(1)], { dbDir: "/x" }), /there is one on 1\.$/);
  assert.match(reasonOf([stack(1), stack(2)]), /^Several stacks run .*1, 2/);
});
