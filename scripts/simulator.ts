import { commandEnvironment } from "./command/command-environment.ts";
import { runCommand } from "./command/run-command.ts";
import { StopError } from "./command/stop-error.ts";
import { readPort } from "./dev/settings.ts";
import { startSimulator } from "../simulator/simulator.ts";

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

function readUrls(text = ""): string[] {
  const urls = text.split(",").map((url) => url.trim())
    .filter((url) => url !== "");
  if (urls.every((url) => URL.canParse(url))) return urls;
  throw new StopError(
    "TOSS_SIM_WEBHOOK_URLS must be addresses, separated by commas.",
  );
}

function readMinute(text = "60000"): number {
  const milliseconds = Number(text);
  if (milliseconds > 0 && Number.isFinite(milliseconds)) return milliseconds;
  throw new StopError("TOSS_SIM_MINUTE_MS must be a number above 0.");
}

async function run(): Promise<number> {
  const variables = commandEnvironment();
  const simulator = await startSimulator({
    port: readPort("TOSS_SIM_PORT", variables),
    webhookUrls: readUrls(variables.TOSS_SIM_WEBHOOK_URLS),
    minuteInMilliseconds: readMinute(variables.TOSS_SIM_MINUTE_MS),
  });
  const ended = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => ended.resolve());
  }
  console.log(`TOSS_API_BASE_URL="${simulator.url}"`);
  console.log(`TOSS_SECRET_KEY="${simulator.secretKey}"`);
  console.log(`TOSS_CLIENT_KEY="${simulator.clientKey}"`);
  console.log("ready");
  await ended.promise;
  await simulator.stop();
  return 0;
}

await runCommand({ name: "simulator", help: HELP, options: {}, run });
