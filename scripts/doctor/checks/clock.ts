import { describeAnswer } from "../ask.ts";
import type { Check, Context } from "../context.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { duration } from "../duration.ts";
import { fail, type Finding, ok, unchecked, warn } from "../finding.ts";
import { isLocal } from "../target.ts";
import { configurationObstacle } from "../variables.ts";

/** Where payments are asked for when nobody says otherwise. */
const TOSS_API_URL = "https://api.tosspayments.com";

/** A Date header has whole seconds, and an answer its way; more than this is no noise. */
const NOTICEABLE_SECONDS = 5;

/** Orders live minutes longer than Toss's own limits; a clock this wrong eats that up. */
const HARMFUL_SECONDS = 60;

/** Seconds by which two clocks differ from this machine's; null = not known. */
interface Skews {
  database: number;
  toss: number | null;
}

/** Toss can be reached from here, nobody has moved the database's clock, and it agrees with Toss's. */
export const checkClocks: Check = async (context) => {
  const { api, skew } = await askToss(context);
  const { database } = context;
  if (database.outcome === "unknown") {
    const { check } = database.problem;
    return [
      api,
      unchecked("clock_offset", check),
      unchecked("clock_skew", check),
    ];
  }
  const { diagnosis, askedAt } = database;
  const skews = {
    database: (Date.parse(diagnosis.wallTime) - askedAt) / 1000,
    toss: skew,
  };
  return [api, judgeOffset(context, diagnosis), judgeSkew(skews)];
};

function tossApiUrl({ target, functions }: Context): string | null {
  return functions.configuration?.tossApiBaseUrl ??
    (target.variables?.TOSS_API_BASE_URL || null) ??
    (isLocal(target) ? null : TOSS_API_URL);
}

/** Reads the time from Toss's answer, whatever it answers. */
async function askToss(
  context: Context,
): Promise<{ api: Finding; skew: number | null }> {
  const check = "toss_api";
  const url = tossApiUrl(context);
  if (url === null) {
    // The local stack's own Toss is known to its functions only.
    const obstacle = configurationObstacle(context);
    return { api: unchecked(check, obstacle), skew: null };
  }
  const answer = await context.ask({ url: `${url}/` });
  if (answer.outcome === "unreachable") {
    const api = warn(
      check,
      `${url} cannot be reached from here: ${describeAnswer(answer)}`,
      "The functions may reach it all the same; look at the alerts.",
    );
    return { api, skew: null };
  }
  const time = Date.parse(answer.headers.get("date") ?? "");
  return {
    api: ok(check, `${url} can be reached`),
    skew: Number.isNaN(time) ? null : (time - answer.askedAt) / 1000,
  };
}

function judgeOffset(
  { target, functions }: Context,
  { clockOffsetSeconds }: Diagnosis,
): Finding {
  const check = "clock_offset";
  if (clockOffsetSeconds === 0) return ok(check, "nobody has moved the clock");
  const direction = clockOffsetSeconds > 0 ? "ahead" : "back";
  const detail = `the database's clock is moved ${
    duration(clockOffsetSeconds)
  } ${direction}`;
  const action = "update private.clock set time_offset = interval '0';";
  const isTrial = isLocal(target) &&
    functions.configuration?.tossMode !== "live";
  return isTrial ? warn(check, detail, action) : fail(check, detail, action);
}

function judgeSkew({ database, toss }: Skews): Finding {
  const check = "clock_skew";
  const difference = Math.abs(database - (toss ?? 0));
  const other = toss === null ? "this machine's" : "Toss's";
  if (difference <= NOTICEABLE_SECONDS) {
    return toss !== null && Math.abs(toss) > NOTICEABLE_SECONDS
      ? warn(
        check,
        `the database's clock agrees with Toss's; this machine's is ${
          duration(toss)
        } off`,
        "Set this machine's clock.",
      )
      : ok(check, `the database's clock agrees with ${other}`);
  }
  const detail = `the database's clock and ${other} are ${
    duration(difference)
  } apart`;
  // Without Toss there are only two clocks, and nobody knows which of them is right.
  return toss !== null && difference > HARMFUL_SECONDS
    ? fail(
      check,
      detail,
      "Signatures, sign-ins and deadlines go wrong: report it to whoever runs the database.",
    )
    : warn(check, detail, "Check this machine's clock, then run doctor again.");
}
