import assert from "node:assert/strict";
import postgres, { type Sql } from "postgres";
import type { Finding } from "../../scripts/doctor/finding.ts";
import { runDoctor } from "../../scripts/doctor/run-doctor.ts";
import type {
  DoctorOptions,
  DoctorTarget,
} from "../../scripts/doctor/target.ts";
import type { Intercept } from "../../stack/gateway.ts";
import { createFunction } from "../../supabase/functions/_shared/http/create-function.ts";
import { health } from "../../supabase/functions/health/handler.ts";
import type { Shop } from "./shop.ts";

/** A place between caller and project where a test puts a fault. */
export interface Fault {
  /** For the stack's options. */
  intercept: Intercept;
  /** Takes the place of the gateway while `body` runs. */
  during<Value>(fault: Intercept, body: () => Promise<Value>): Promise<Value>;
}

/** Creates a place for one fault at a time; without one every request passes. */
export function faultPoint(): Fault {
  let current: Intercept = (_request, forward) => forward();
  return {
    intercept: (request, forward) => current(request, forward),
    async during(fault, body) {
      const before = current;
      current = fault;
      try {
        return await body();
      } finally {
        current = before;
      }
    },
  };
}

/** Answers the requests to one path below the API with something else. */
export function answerAt(
  path: string,
  answer: (request: Request) => Response | Promise<Response>,
  method?: string,
): Intercept {
  return (request, forward) =>
    new URL(request.url).pathname === path &&
      (method === undefined || request.method === method)
      ? Promise.resolve(answer(request))
      : forward();
}

/** The functions' `health` under other variables; an undefined one is not set. */
export function healthWith(
  { stack }: Shop,
  changes: Record<string, string | undefined>,
): Intercept {
  const variables = Object.entries({
    ...stack.projectVariables,
    SUPABASE_URL: stack.apiUrl,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ a: stack.publishableKey }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ a: stack.secretKey }),
    ...changes,
  }).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const configured = createFunction("health", { "GET /": health }, {
    environment: () => Object.fromEntries(variables),
  });
  return answerAt("/functions/v1/health", async (request) => {
    const { method, headers } = request;
    return await configured.fetch(
      new Request("http://127.0.0.1/health", { method, headers }),
    );
  });
}

/** Runs SQL as role postgres, which owns the migrations and the jobs. */
export async function asOwner(
  { stack }: Shop,
  body: (sql: Sql) => Promise<unknown>,
): Promise<void> {
  const sql = postgres(stack.dbUrl, { max: 1, onnotice: () => {} });
  try {
    await body(sql);
  } finally {
    await sql.end();
  }
}

/** How an operator with every key names the stack. */
function doctorTarget(
  { stack }: Shop,
  changes: Partial<DoctorTarget> = {},
): DoctorTarget {
  return {
    url: stack.apiUrl,
    secretKey: stack.secretKey,
    publishableKey: stack.publishableKey,
    cronSecret: stack.cronSecret,
    variables: null,
    accessToken: null,
    ...changes,
  };
}

/** Runs doctor on the stack. */
export function examine(
  shop: Shop,
  changes: Partial<DoctorTarget> = {},
  options: DoctorOptions = {},
): Promise<Finding[]> {
  return runDoctor(doctorTarget(shop, changes), options);
}

/** The names of the checks with one of these levels. */
export function namesOf(
  findings: readonly Finding[],
  ...levels: Finding["level"][]
): string[] {
  return findings.filter(({ level }) => levels.includes(level))
    .map(({ check }) => check);
}

/**
 * Exactly these checks fail, what hangs on them says so, and everything else is well.
 *
 * @returns the failing findings, in the given order
 */
export function assertOnlyBroken(
  findings: readonly Finding[],
  ...broken: string[]
): Finding[] {
  assert.deepEqual(namesOf(findings, "fail"), broken);
  const strangers = findings.filter(({ level, detail }) =>
    level === "warn" &&
    !broken.some((check) =>
      detail === `could not be checked because of ${check}`
    )
  );
  assert.deepEqual(strangers, [], "a warning that nothing broken explains");
  return findings.filter(({ level }) => level === "fail");
}

/** Exactly this check warns, and nothing fails. */
export function assertOnlyWarning(
  findings: readonly Finding[],
  check: string,
): Finding {
  assert.deepEqual(namesOf(findings, "fail", "warn"), [check]);
  const finding = findings.find((candidate) => candidate.check === check);
  assert.ok(finding);
  return finding;
}

/** Nothing fails and nothing warns. */
export function assertHealthy(findings: readonly Finding[]): void {
  assert.deepEqual(
    findings.filter(({ level }) => level !== "ok"),
    [],
    "not healthy",
  );
}
