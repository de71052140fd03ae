import { z } from "zod";
import { type Answer, type Ask, describeAnswer, field } from "./ask.ts";
import { type DoctorTarget, keyHeaders } from "./target.ts";

const diagnosis = z.object({
  serverVersion: z.number(),
  wallTime: z.iso.datetime({ offset: true }),
  clockOffsetSeconds: z.number(),
  holidaysUntil: z.string().nullable(),
  owner: z.string(),
  migrations: z.array(z.string()).nullable(),
  extensions: z.array(z.object({
    name: z.string(),
    isUsable: z.boolean(),
    installedVersion: z.string().nullable(),
    availableVersion: z.string().nullable(),
  })),
  tablesWithoutRls: z.array(z.string()),
  accountAccess: z.enum(["readable", "absent", "refused"]),
  vault: z.object({
    hasUrl: z.boolean(),
    url: z.string().nullable(),
    hasCronSecret: z.boolean(),
  }).nullable(),
  cronJobs: z.array(z.object({
    id: z.number(),
    job: z.string(),
    owner: z.string(),
    schedule: z.string(),
    isActive: z.boolean(),
    lastRun: z.object({
      status: z.string().nullable(),
      message: z.string().nullable(),
      startedAt: z.string().nullable(),
    }).nullable(),
  })).nullable(),
  jobs: z.array(z.object({
    job: z.string(),
    schedule: z.string(),
    intervalSeconds: z.number(),
    lastFinishedAt: z.string().nullable(),
    secondsSince: z.number(),
    isLate: z.boolean(),
  })),
  encryptionKeys: z.array(z.object({
    table: z.string(),
    keyId: z.string(),
    rows: z.number(),
  })),
  tossApiVersions: z.array(z.object({
    version: z.string(),
    secondsSince: z.number(),
  })),
  retention: z.object({
    webhookBodyDays: z.number().nullable(),
    personalDataYears: z.number().nullable(),
    oldestBodySeconds: z.number().nullable(),
  }),
  alerts: z.array(z.object({
    alert: z.string(),
    level: z.enum(["warning", "critical"]),
    count: z.number(),
    oldestSeconds: z.number(),
  })),
  invariantViolations: z.array(z.object({
    invariant: z.string(),
    count: z.number(),
  })),
});

/** What the database says about itself; see the comment on `public.diagnose`. */
export type Diagnosis = z.output<typeof diagnosis>;

/** Why the database told nothing, by the check that has to name it. */
export type DatabaseProblem = {
  check: "data_api" | "secret_key" | "migrations";
  detail: string;
};

/** The diagnosis, or what is in its way. */
export type DiagnosisResult =
  | { outcome: "known"; diagnosis: Diagnosis; askedAt: number }
  | { outcome: "unknown"; problem: DatabaseProblem };

/** Calls a SQL function of schema public through the Data API. */
export function callDatabase(
  ask: Ask,
  target: DoctorTarget,
  name: string,
  request: Record<string, unknown>,
): Promise<Answer> {
  return ask({
    url: `${target.url}/rest/v1/rpc/${name}`,
    method: "POST",
    headers: keyHeaders(target.secretKey),
    body: { request },
  });
}

function problemOf(answer: Answer): DatabaseProblem {
  if (answer.outcome === "unreachable") {
    return { check: "data_api", detail: answer.reason };
  }
  const code = field(answer.body, "code");
  if (code === "PGRST202") {
    const detail = "the database has no function public.diagnose";
    return { check: "migrations", detail };
  }
  if (code === "42501" || answer.status === 401 || answer.status === 403) {
    const detail = "the Data API does not take it for a secret key";
    return { check: "secret_key", detail };
  }
  return { check: "data_api", detail: `answered ${describeAnswer(answer)}` };
}

/** Asks the database for its diagnosis. */
export async function readDiagnosis(
  ask: Ask,
  target: DoctorTarget,
): Promise<DiagnosisResult> {
  const answer = await callDatabase(ask, target, "diagnose", {});
  if (answer.outcome === "unreachable" || answer.status !== 200) {
    return { outcome: "unknown", problem: problemOf(answer) };
  }
  const parsed = diagnosis.safeParse(answer.body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const detail = `public.diagnose answers another shape (${
      issue?.path.join(".")
    })`;
    return { outcome: "unknown", problem: { check: "migrations", detail } };
  }
  return {
    outcome: "known",
    diagnosis: parsed.data,
    askedAt: answer.askedAt,
  };
}
