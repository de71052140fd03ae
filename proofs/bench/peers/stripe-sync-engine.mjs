// @supabase/stripe-sync-engine's processWebhook under load. Run by Node in the folder into which it was installed;
// a line of the standard input is one run: {"connections": 8, "calls": 500}, answered with {"seconds": …}.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { createInterface } from "node:readline";

const require = createRequire(`${process.cwd()}/`);
const { StripeSync, runMigrations } = require("@supabase/stripe-sync-engine");
const databaseUrl = process.argv[2];
const secret = "whsec_bench";
const charge = JSON.parse(
  readFileSync(new URL("./charge-succeeded.json", import.meta.url), "utf8"),
);

let made = 0;
function nextEvent() {
  const event = structuredClone(charge);
  event.id = `evt_${++made}`;
  event.created = Math.floor(Date.now() / 1000);
  event.data.object.id = `ch_${made}`;
  const body = JSON.stringify(event);
  const digest = createHmac("sha256", secret)
    .update(`${event.created}.${body}`).digest("hex");
  return [body, `t=${event.created},v1=${digest}`];
}

const engines = new Map();
function engineWith(connections) {
  const known = engines.get(connections);
  if (known !== undefined) return known;
  const engine = new StripeSync({
    poolConfig: { connectionString: databaseUrl, max: connections },
    stripeSecretKey: "sk_test_bench",
    stripeWebhookSecret: secret,
    autoExpandLists: false,
    backfillRelatedEntities: false,
  });
  engines.set(connections, engine);
  return engine;
}

async function run({ connections, calls }) {
  const engine = engineWith(connections);
  const events = Array.from({ length: calls }, nextEvent);
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: connections }, async () => {
    for (let event = events.pop(); event; event = events.pop()) {
      await engine.processWebhook(...event);
    }
  }));
  return { seconds: (performance.now() - startedAt) / 1000 };
}

await runMigrations({ databaseUrl, schema: "stripe" });
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await run(JSON.parse(line))));
}
process.exit(0);
