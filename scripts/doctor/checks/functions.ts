import { FUNCTION_ACCESS } from "../../../supabase/functions/_shared/http/access.ts";
import { type Answer, describeAnswer } from "../ask.ts";
import type { Check, Context } from "../context.ts";
import { fail, type Finding, ok, unchecked } from "../finding.ts";
import { functionAddress } from "../functions-state.ts";
import { type DoctorTarget, isLocal } from "../target.ts";
import { configurationFault } from "../variables.ts";

/** Every function answers as ours, and so does the address that Toss sends webhooks to. */
export const checkFunctions: Check = async (context) => {
  const names = Object.keys(FUNCTION_ACCESS).sort();
  const findings = await Promise.all(
    names.map((name) => checkFunction(context, name)),
  );
  return [...findings, await checkWebhookAddress(context, findings)];
};

/**
 * Calls a function as a stranger, with a method that none of them has: it does nothing, needs no credential and no
 * configuration, and its refusal carries our request id. The platform's own check of tokens would answer instead.
 */
async function checkFunction(
  { ask, target }: Context,
  name: string,
): Promise<Finding> {
  const check = `function:${name}`;
  const url = functionAddress(target, name);
  const answer = await ask({ url, method: "PATCH" });
  if (answer.outcome === "answered" && answer.isOurs) {
    return ok(check, "answers");
  }
  return fail(
    check,
    `does not answer: ${describeAnswer(answer)}`,
    [
      actionFor(answer, name, target),
      `Its address is ${url}`,
    ].join(" "),
  );
}

function actionFor(answer: Answer, name: string, target: DoctorTarget): string {
  if (answer.outcome === "unreachable") {
    return "Check the network between here and the project, and that the project runs.";
  }
  switch (answer.status) {
    case 401:
      return `The platform asks for a token before the function is called: write verify_jwt = false under [functions.${name}] in supabase/config.toml, then deploy it again.`;
    case 404:
      return "It is not deployed: npx -y deno task deploy";
    default:
      return `Read its log (${
        isLocal(target)
          ? "where the stack runs"
          : "Supabase dashboard → Edge Functions → Logs"
      }); BOOT_ERROR and WORKER_ERROR mean that it does not start.`;
  }
}

/** Whether the webhook function explains itself to whoever opens its address. */
function isExplanation(answer: Answer): boolean {
  return answer.outcome === "answered" && answer.status === 200 &&
    (answer.headers.get("content-type") ?? "").startsWith("text/plain");
}

async function checkWebhookAddress(
  context: Context,
  found: readonly Finding[],
): Promise<Finding> {
  const check = "webhook_address";
  const deployed = found.find((finding) =>
    finding.check === "function:webhook"
  );
  if (deployed?.level === "fail") return unchecked(check, "function:webhook");
  const fault = configurationFault(context);
  if (fault !== null) return unchecked(check, fault);
  const { ask, target } = context;
  const url = functionAddress(target, "webhook");
  const answer = await ask({ url });
  if (!isExplanation(answer)) {
    return fail(
      check,
      `GET ${url}: ${describeAnswer(answer)}`,
      "Something between here and the function answers; Toss would get the same. Look at firewalls and proxies of your own.",
    );
  }
  return ok(
    check,
    isLocal(target)
      ? `${url} answers; Toss itself reaches it through a tunnel only`
      : `${url} answers; register it at Toss (with ?token= when WEBHOOK_URL_TOKEN is set)`,
  );
}
