import assert from "node:assert/strict";
import { join } from "node:path";
import { signatureHeaders } from "../../../supabase/functions/_shared/outgoing/sign.ts";
import { PROJECT_ROOT } from "../../../stack/paths.ts";
import { waitUntil } from "../../../stack/wait-until.ts";
import { fencesOf } from "../../docs/support/markdown.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY = JSON.stringify({
  type: "order.paid",
  timestamp: "2027-01-15T10:00:00+09:00",
  data: { version: 1, orderName: "머그컵 외 1건" },
});

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

async function snippet(language: string): Promise<string> {
  const page = await Deno.readTextFile(join(PROJECT_ROOT, "docs/events.md"));
  const found = fencesOf(page).find((fence) =>
    fence.language === language && fence.code.includes("verify")
  );
  assert.ok(found, `docs/events.md has no receiver in ${language}`);
  return found.code;
}

async function statusOf(
  url: string,
  secrets: string[],
  body = BODY,
): Promise<number> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...signatureHeaders(secrets, { id: "evt_1", body: BODY, at: new Date() }),
    },
    body,
  });
  await response.body?.cancel();
  return response.status;
}

const RECEIVERS = [
  {
    name: "Deno",
    language: "ts",
    file: "receiver.ts",
    command: Deno.execPath(),
    args: [
      ...["run", "-A", "--no-check", "--no-config", "--no-lock"],
      "--node-modules-dir=none",
    ],
  },
  {
    name: "Node",
    language: "js",
    file: "receiver.mjs",
    command: "node",
    args: [],
  },
];

for (const { name, language, file, command, args } of RECEIVERS) {
  Deno.test(`the receiver of docs/events.md in ${name} takes what is signed, with either secret, and nothing else`, async () => {
    // Below the project, where the packages are.
    const folder = await Deno.makeTempDir({
      dir: join(PROJECT_ROOT, "node_modules"),
    });
    const port = freePort();
    const path = join(folder, file);
    await Deno.writeTextFile(path, await snippet(language));
    const process = new Deno.Command(command, {
      args: [...args, path],
      env: {
        EVENTS_SECRET: SECRET,
        PORT: String(port),
        DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}`,
      },
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    try {
      const url = `http://127.0.0.1:${port}/`;
      const isUp = await waitUntil(
        () => statusOf(url, [SECRET]).then(() => true, () => false),
        { timeoutMs: 20_000 },
      );
      assert.ok(isUp, `${name} does not listen`);
      const other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
      assert.equal(await statusOf(url, [SECRET]), 204);
      assert.equal(await statusOf(url, [other, SECRET]), 204);
      assert.equal(await statusOf(url, [SECRET, other]), 204);
      assert.equal(await statusOf(url, [other]), 401);
      assert.equal(await statusOf(url, [SECRET], `${BODY} `), 401);
    } finally {
      process.kill("SIGKILL");
      await process.status;
      await Deno.remove(folder, { recursive: true });
    }
  });
}
