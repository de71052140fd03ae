import type { Check, Context } from "../context.ts";
import { fail, type Finding, ok, unchecked } from "../finding.ts";
import { functionAddress } from "../functions-state.ts";
import { configurationFault, setVariables } from "../variables.ts";
import { faultOf } from "./configuration.ts";
import { wakeUpObstacle } from "./wake-up.ts";

/** The functions, Vault and the operator hold the same CRON_SECRET. Only the functions ever compare it. */
export const checkCronSecret: Check = async (context) => {
  const fault = faultOf(context, "cron_secret");
  if (fault !== null) return [fault];
  return [await compareGiven(context) ?? judgeVault(context)];
};

/** Whether the functions take the secret that the operator holds; null when they do, or nobody can tell. */
async function compareGiven(context: Context): Promise<Finding | null> {
  const { ask, target } = context;
  const secret = target.variables?.CRON_SECRET || target.cronSecret;
  if (!secret || configurationFault(context) !== null) return null;
  const answer = await ask({
    url: functionAddress(target, "health"),
    headers: { authorization: `Bearer ${secret}` },
  });
  if (answer.outcome === "unreachable" || !answer.isOurs) return null;
  if (answer.status !== 401) return null;
  return fail(
    "cron_secret",
    "the functions do not take the CRON_SECRET that is known here",
    setVariables(target, "CRON_SECRET"),
  );
}

function judgeVault(context: Context): Finding {
  const check = "cron_secret";
  const { wakeUp } = context;
  const fault = configurationFault(context);
  if (fault !== null) return unchecked(check, fault);
  if (wakeUp.outcome !== "answered" || !wakeUp.isOurs) {
    return unchecked(check, wakeUpObstacle(context) ?? "pg_net");
  }
  return wakeUp.isCronCaller
    ? ok(check, "Vault and the functions hold the same")
    : fail(
      check,
      "the functions do not take the secret that Vault holds, so nothing wakes the worker",
      "Store the functions' CRON_SECRET in Vault: select vault.update_secret(id, '<CRON_SECRET>') from vault.secrets where name = 'supabase_tosspayments_cron_secret';",
    );
}
