import { type Answer, describeAnswer, field } from "../ask.ts";
import type { Check, Context } from "../context.ts";
import { fail, type Finding, ok, unchecked, warn } from "../finding.ts";
import { functionAddress } from "../functions-state.ts";
import { apiKeyKind, keyHeaders } from "../target.ts";

const WHERE_KEYS_ARE =
  "Take it from Supabase dashboard → Project Settings → API Keys";

/** The API keys are those of this project, and each is what its name says. */
export const checkApiKeys: Check = async (context) => [
  judgeSecretKey(context),
  await checkPublishableKey(context),
];

function judgeSecretKey({ target, database, functions }: Context): Finding {
  const check = "secret_key";
  const action = `${WHERE_KEYS_ARE} and set it as SUPABASE_SECRET_KEY.`;
  if (apiKeyKind(target.secretKey) === "publishable") {
    return fail(check, "SUPABASE_SECRET_KEY holds a publishable key", action);
  }
  if (database.outcome === "unknown") {
    const { problem } = database;
    if (problem.check === "secret_key") {
      return fail(check, problem.detail, action);
    }
    if (problem.check === "data_api") return unchecked(check, "data_api");
  }
  const { healthForSecretKey: health } = functions;
  return isRefusedByUs(health)
    ? fail(
      check,
      "the Data API takes the secret key and the functions do not",
      "Deploy the functions again: they get their keys when they are deployed.",
    )
    : ok(check, "is a secret key of this project");
}

function isRefusedByUs(answer: Answer): boolean {
  return answer.outcome === "answered" && answer.isOurs &&
    answer.status === 401;
}

async function checkPublishableKey(
  { ask, target, database }: Context,
): Promise<Finding> {
  const check = "publishable_key";
  const { publishableKey } = target;
  const action = `${WHERE_KEYS_ARE} and set it as SUPABASE_PUBLISHABLE_KEY.`;
  if (publishableKey === null) {
    return warn(check, "was not given, so it is not checked", action);
  }
  if (apiKeyKind(publishableKey) === "secret") {
    return fail(
      check,
      "SUPABASE_PUBLISHABLE_KEY holds a secret key, which every browser would see",
      `${action} If a page has ever carried the secret key, replace that key.`,
    );
  }
  const [catalogue, health] = await Promise.all([
    ask({
      url: `${target.url}/rest/v1/products?select=id&limit=1`,
      headers: keyHeaders(publishableKey),
    }),
    ask({
      url: functionAddress(target, "health"),
      headers: { apikey: publishableKey },
    }),
  ]);
  return database.outcome === "unknown" && isOutOfOrder(catalogue)
    ? unchecked(check, database.problem.check)
    : judgePublishableKey(catalogue, health, action);
}

function isOutOfOrder(answer: Answer): boolean {
  return answer.outcome === "unreachable" || answer.status === 404 ||
    answer.status >= 500;
}

function judgePublishableKey(
  catalogue: Answer,
  health: Answer,
  action: string,
): Finding {
  const check = "publishable_key";
  if (catalogue.outcome === "unreachable") return unchecked(check, "data_api");
  if (field(catalogue.body, "code") === "42501") {
    return fail(
      check,
      "guests may not read the products",
      "grant select on public.products, public.plans to anon, authenticated;",
    );
  }
  if (catalogue.status === 401 || catalogue.status === 403) {
    return fail(check, "the Data API does not know it", action);
  }
  if (catalogue.status !== 200) {
    return warn(
      check,
      `the products cannot be read with it: ${describeAnswer(catalogue)}`,
      "The API may not know the tables yet: notify pgrst, 'reload schema';",
    );
  }
  return isRefusedByUs(health)
    ? fail(
      check,
      "the Data API takes the publishable key and the functions do not",
      "Deploy the functions again: they get their keys when they are deployed.",
    )
    : ok(check, "is a publishable key of this project");
}
