import { commandEnvironment } from "../project/command-environment.ts";
import { StopError } from "../door/errors.ts";
import { readPort } from "../project/local-settings.ts";
import { startSimulator } from "../../simulator/simulator.ts";

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

/** Starts the simulator and keeps it until it is told to end. */
export async function run(): Promise<number> {
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
