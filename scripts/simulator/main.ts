import { startSimulator } from "./simulator.ts";

const HELP = `The Toss simulator, alone.

  npx -y deno task simulator

Environment:
  TOSS_SIM_PORT           port on 127.0.0.1, 0 for a free one (default 54380)
  TOSS_SIM_WEBHOOK_URLS   webhook receivers, separated by commas
  TOSS_SIM_MINUTE_MS      length of a minute of the webhook retry schedule
                          (default 60000)

Prints its address and keys, and last the line "ready".
/my/payment-logs shows the payments and plays deposits; docs/simulator.md
describes the control API.`;

async function main(): Promise<void> {
  if (Deno.args.includes("--help")) return console.log(HELP);
  const webhookUrls = (Deno.env.get("TOSS_SIM_WEBHOOK_URLS") ?? "")
    .split(",").map((url) => url.trim()).filter((url) => url !== "");
  const simulator = await startSimulator({
    port: Number(Deno.env.get("TOSS_SIM_PORT") ?? 54380),
    webhookUrls,
    minuteInMilliseconds: Number(Deno.env.get("TOSS_SIM_MINUTE_MS") ?? 60_000),
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, async () => {
      await simulator.stop();
      Deno.exit(0);
    });
  }
  console.log(`TOSS_API_BASE_URL="${simulator.url}"`);
  console.log(`TOSS_SECRET_KEY="${simulator.secretKey}"`);
  console.log(`TOSS_CLIENT_KEY="${simulator.clientKey}"`);
  console.log("ready");
}

await main();
