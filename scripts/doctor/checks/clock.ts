import { z } from "zod";
import { type Answer, describeAnswer } from "../ask.ts";
import type { Check, Context } from "../context.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { duration } from "../duration.ts";
import { fail, type Finding, ok, unchecked, warn } from "../finding.ts";
import { isLocal } from "../target.ts";
import { configurationObstacle } from "../variables.ts";

type Answered = Extract<Answer, { outcome: "answered" }>;

/** The answer of the simulator's control API; nothing else answers so. */
const simulatorClock = z.strictObject({
  now: z.string(),
  milliseconds: z.number(),
});

const RESET_DATABASE =
  "update toss_private.clock set time_offset = interval '0';";

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

/** What Toss's answer tells about its time. */
interface TossTime {
  api: Finding;
  /** As {@link Skews} has it. */
  skew: number | null;
  /** Seconds by which a simulator's clock was moved; null = Toss is none. */
  offset: number | null;
}

/** Toss can be reached from here, the two clocks that can be moved stand together, and the real ones agree. */
export const checkClocks: Check = async (context) => {
  const toss = await askToss(context);
  const { database } = context;
  if (database.outcome === "unknown") {
    const { check } = database.problem;
    return [
      toss.api,
      unchecked("clock_offset", check),
      unchecked("clock_skew", check),
    ];
  }
  const { diagnosis, askedAt } = database;
  const skews = {
    database: (Date.parse(diagnosis.wallTime) - askedAt) / 1000,
    toss: toss.skew,
  };
  return [
    toss.api,
    judgeOffset(context, diagnosis, toss.offset),
    judgeSkew(skews),
  ];
};

function tossApiUrl({ target, functions }: Context): string | null {
  return functions.configuration?.tossApiBaseUrl ??
    (target.variables?.TOSS_API_BASE_URL || null) ??
    (isLocal(target) ? null : TOSS_API_URL);
}

/** Reads the time from Toss's answer, whatever it answers. */
async function askToss(context: Context): Promise<TossTime> {
  const check = "toss_api";
  const url = tossApiUrl(context);
  if (url === null) {
    // The local stack's own Toss is known to its functions only.
    const obstacle = configurationObstacle(context);
    return { api: unchecked(check, obstacle), skew: null, offset: null };
  }
  const answer = await context.ask({ url: `${url}/` });
  if (answer.outcome === "unreachable") {
    const api = warn(
      check,
      `${url} cannot be reached from here: ${describeAnswer(answer)}`,
      "The functions may reach it all the same; look at the alerts.",
    );
    return { api, skew: null, offset: null };
  }
  return {
    api: ok(check, `${url} can be reached`),
    skew: skewOf(answer),
    offset: url === TOSS_API_URL ? null : await askSimulator(context, url),
  };
}

/** Seconds by which the Date of an answer differs from this machine's clock. */
function skewOf(answer: Answered): number | null {
  const time = Date.parse(answer.headers.get("date") ?? "");
  return Number.isNaN(time) ? null : (time - answer.askedAt) / 1000;
}

/** How far a simulator's clock was moved, in seconds; null when there is none at this address. */
async function askSimulator(
  { ask }: Context,
  url: string,
): Promise<number | null> {
  const answer = await ask({ url: `${url}/__simulator/clock` });
  if (answer.outcome === "unreachable" || answer.status !== 200) return null;
  const clock = simulatorClock.safeParse(answer.body);
  if (!clock.success) return null;
  const ahead = (clock.data.milliseconds - answer.askedAt) / 1000;
  return ahead - (skewOf(answer) ?? 0);
}

function judgeOffset(
  context: Context,
  { clockOffsetSeconds: database }: Diagnosis,
  simulator: number | null,
): Finding {
  const check = "clock_offset";
  const isHere = isLocal(context.target);
  if (isHere && simulator !== null) return judgeTogether(database, simulator);
  if (database === 0) return ok(check, "nobody has moved the clock");
  const detail = `the database's clock is moved ${moved(database)}`;
  const isTrial = isHere &&
    context.functions.configuration?.tossMode !== "live";
  return isTrial
    ? warn(check, detail, RESET_DATABASE)
    : fail(check, detail, RESET_DATABASE);
}

/** The database's and the simulator's clock, which are one for whoever tries things out. */
function judgeTogether(database: number, simulator: number): Finding {
  const check = "clock_offset";
  const apart = database - simulator;
  if (Math.abs(apart) > NOTICEABLE_SECONDS) {
    return fail(
      check,
      `the database's clock is ${duration(apart)} ${
        apart > 0 ? "ahead of" : "behind"
      } the simulator's, so deadlines and charges fall apart`,
      `${
        database < -NOTICEABLE_SECONDS ? `${RESET_DATABASE} Then stop` : "Stop"
      } dev and start it again: the simulator then begins at the database's time.`,
    );
  }
  if (database === 0) {
    return ok(
      check,
      "nobody has moved the database's or the simulator's clock",
    );
  }
  const detail = `the database's clock and the simulator's are moved ${
    moved(database)
  }, together`;
  // The database's alone would be torn from the simulator's, and from the times of its own rows.
  return warn(
    check,
    detail,
    "Nothing to do for a trial. Back to the real time, without the data: RESET=1 npx -y deno task dev",
  );
}

function moved(seconds: number): string {
  return `${duration(seconds)} ${seconds > 0 ? "ahead" : "back"}`;
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
