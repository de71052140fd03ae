import assert from "node:assert/strict";
import { shopTests } from "../../support/shop-test.ts";
import { eventRow } from "../../support/webhook-scenes/scene.ts";
import { settleWebhooks } from "../../support/webhooks.ts";

const VARIABLES = {
  TOSS_SECURITY_KEY: "9a1f".repeat(16),
  TOSS_WEBHOOK_SECRET: "secret of a relay, and an older one",
  WEBHOOK_SIGNATURE_SCHEMES:
    "toss-v1,sha512-hex-body,sha256-hex-body-time,sha256-hex-body,sha256-base64-body",
  WEBHOOK_ALLOWED_IPS: "127.0.0.1",
};

const test = shopTests({ environment: VARIABLES });

/** A command of the page and the scheme it signs with. */
interface SigningCommand {
  scheme: string;
  command: string;
}

function signingCommands(page: string): SigningCommand[] {
  const text = Deno.readTextFileSync(
    new URL(`../../../docs/${page}`, import.meta.url),
  );
  const blocks = text.matchAll(/<!-- sign: (\S+) -->\n```sh\n(.*?)```/gs);
  return Array.from(
    blocks,
    ([, scheme = "", command = ""]) => ({ scheme, command }),
  );
}

const COMMANDS = signingCommands("webhooks.md");

/** Runs a command as a reader would; answers what it printed. */
async function run(
  command: string,
  variables: Record<string, string>,
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-euo", "pipefail", "-c", command],
    env: variables,
  }).output();
  const print = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.ok(success, print(stderr));
  return print(stdout);
}

for (const [index, { scheme, command }] of COMMANDS.entries()) {
  test(`docs/webhooks.md: command ${index + 1} signs with ${scheme}`, async (shop) => {
    const output = await run(command, {
      FUNCTIONS_URL: shop.stack.functionsUrl,
      TOSS_SECRET_KEY: shop.simulator.secretKey,
      TOSS_SECURITY_KEY: VARIABLES.TOSS_SECURITY_KEY,
      TOSS_WEBHOOK_SECRET: "secret of a relay",
    });

    const answer = JSON.parse(output);
    assert.equal(answer.received, true, output);
    assert.equal(answer.duplicate, false);
    await settleWebhooks(shop);
    const { status, verifiedBy } = await eventRow(shop, answer.eventId);
    assert.deepEqual([status, verifiedBy], ["processed", scheme]);
  });
}

test("docs/webhooks.md has a command for every scheme, and the Korean page the same ones", () => {
  const schemes = new Set(COMMANDS.map(({ scheme }) => scheme));
  const wanted = VARIABLES.WEBHOOK_SIGNATURE_SCHEMES.split(",");
  assert.deepEqual([...schemes].sort(), wanted.sort());
  assert.deepEqual(signingCommands("webhooks.ko.md"), COMMANDS);
  return Promise.resolve();
});

test("the sender's address is the one that the platform saw, whatever the caller invents", async (shop) => {
  const response = await fetch(`${shop.stack.functionsUrl}/webhook`, {
    method: "POST",
    headers: {
      "cf-connecting-ip": "192.0.2.1",
      "x-forwarded-for": "192.0.2.1",
    },
    body: JSON.stringify({ nonce: crypto.randomUUID() }),
  });
  assert.equal(response.status, 200, await response.text());
});
