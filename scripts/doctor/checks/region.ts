import { type Answer, describeAnswer, field } from "../ask.ts";
import type { Check, Context } from "../context.ts";
import { type Finding, ok, warn } from "../finding.ts";
import { isLocal } from "../target.ts";

/** Seoul, where Toss is. */
const BEST_REGION = "ap-northeast-2";

/** The project stands beside Toss: each payment makes several calls between the two. */
export const checkRegion: Check = async (context) => {
  const check = "region";
  if (isLocal(context.target)) return [ok(check, "this machine")];
  const asked = await askManagement(context);
  const region = regionOf(asked) ??
    // Without a region of its choice a call runs beside its caller, which here was the database.
    (context.wakeUp.outcome === "answered" ? context.wakeUp.region : null);
  return [region === null ? unknownRegion(asked) : judgeRegion(region)];
};

/** The management API's word on the project; null when there is no way to ask. */
async function askManagement(
  { ask, target, managementApiUrl }: Context,
): Promise<Answer | null> {
  const ref = /^([a-z]{20})\./.exec(new URL(target.url).hostname)?.[1];
  if (target.accessToken === null || ref === undefined) return null;
  return await ask({
    url: `${managementApiUrl}/v1/projects/${ref}`,
    headers: { authorization: `Bearer ${target.accessToken}` },
  });
}

function regionOf(answer: Answer | null): string | null {
  return answer?.outcome === "answered" && answer.status === 200
    ? field(answer.body, "region")
    : null;
}

function unknownRegion(asked: Answer | null): Finding {
  const reason = asked === null
    ? "is not known"
    : `is not known; the management API: ${describeAnswer(asked)}`;
  return warn(
    "region",
    reason,
    "Set SUPABASE_ACCESS_TOKEN (supabase.com/dashboard/account/tokens) to learn it.",
  );
}

function judgeRegion(region: string): Finding {
  return region === BEST_REGION
    ? ok("region", `${region} (Seoul), beside Toss`)
    : warn(
      "region",
      `${region}; Toss is in Seoul, so each payment waits for several long ways`,
      `A project cannot move: create one in ${BEST_REGION} before going live.`,
    );
}
