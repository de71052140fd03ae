import { z } from "zod";
import { readLines } from "../../stack/lines.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import type { Redact } from "./redactor.ts";
import { StopError } from "../door/errors.ts";

/** The Supabase CLI as npm has it; every command of this project runs exactly this one. */
export const SUPABASE_CLI = "supabase@3.1.0";

/** One run of the Supabase CLI. */
export interface CliCall {
  /** Subcommand, arguments and flags. Never a secret: every user of the machine can read them. */
  args: readonly string[];
  /** Project ref or database URL without password. @default the project's ref */
  remote?: string;
  /** Variables for this run alone; here secrets may stand. */
  environment?: Readonly<Record<string, string>>;
  /** The folder that holds `supabase/`. @default the project's root */
  workdir?: string;
  /** Is told what the CLI says while it works. */
  onLine?: (line: string) => void;
}

/**
 * Runs the CLI and returns the JSON it prints; null when it prints none.
 *
 * Throws {@linkcode SupabaseCliError} when it fails.
 */
export type SupabaseCli = (call: CliCall) => Promise<unknown>;

/** What the CLI said when it failed, without secrets. */
export class SupabaseCliError extends StopError {
  override name = "SupabaseCliError";
}

const failure = z.looseObject({
  _tag: z.literal("Error"),
  error: z.looseObject({
    code: z.string().optional(),
    message: z.string(),
    suggestion: z.string().optional(),
  }),
});

// The CLI's own settings that would change what it prints or whom it tells.
const QUIET = {
  DO_NOT_TRACK: "1",
  SUPABASE_TELEMETRY_DISABLED: "1",
  SUPABASE_NO_UPDATE_NOTIFIER: "1",
  NO_COLOR: "1",
  NPM_CONFIG_UPDATE_NOTIFIER: "false",
};

const SHOWN_LINES = 12;

function spawn(call: CliCall, projectRef: string): Deno.ChildProcess {
  const args = [
    ...["-y", SUPABASE_CLI, ...call.args],
    `--remote=${call.remote ?? projectRef}`,
    `--workdir=${call.workdir ?? PROJECT_ROOT}`,
    "--output-format=json",
  ];
  try {
    return new Deno.Command("npx", {
      args,
      cwd: call.workdir ?? PROJECT_ROOT,
      env: { ...QUIET, ...call.environment },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new StopError(
      "npx was not found. Install Node with npm: https://nodejs.org",
    );
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Failures that are no fault of the CLI's, in one line; its subcommands have a code of their own for the same. */
function explain(code: string, message: string): string | null {
  if (/^access token not provided/i.test(message)) {
    return "There is no access token. Make one at https://supabase.com/dashboard/account/tokens and set it as SUPABASE_ACCESS_TOKEN, or run: npx supabase login";
  }
  if (code.endsWith("NetworkError") || /transport ?error/i.test(message)) {
    return `Supabase's management API cannot be reached (${message}). Check your network, a proxy, and SUPABASE_PROFILE.`;
  }
  return /\bstatus 401\b/.test(message)
    ? `Supabase does not take the access token (${message}). Make another one at https://supabase.com/dashboard/account/tokens and set it as SUPABASE_ACCESS_TOKEN.`
    : null;
}

function reasonOf(output: unknown, lines: string[], stdout: string): string {
  const parsed = failure.safeParse(output);
  if (!parsed.success) {
    const npmError = lines.find((line) => /^npm (error|ERR!) code /.test(line));
    if (npmError !== undefined) {
      return `npm cannot bring the Supabase CLI (${npmError}). Check your network, and npm's registry and proxy.`;
    }
    return [...lines, ...stdout.split("\n")].filter((line) => line !== "")
      .slice(-SHOWN_LINES).join("\n");
  }
  const { code = "", message, suggestion = "" } = parsed.data.error;
  return explain(code, message) ?? `${message}\n${suggestion}`.trim();
}

/**
 * Makes the CLI for one project. Nothing is asked: a caller that changes
 * something passes `--yes`, after it has asked itself.
 */
export function createSupabaseCli(
  { projectRef, redact }: { projectRef: string; redact: Redact },
): SupabaseCli {
  return async (call) => {
    const child = spawn(call, projectRef);
    const lines: string[] = [];
    const listening = (async () => {
      for await (const line of readLines(child.stderr)) {
        lines.push(line);
        call.onLine?.(redact(line));
      }
    })();
    const stdout = await new Response(child.stdout).text();
    await listening;
    const { success, code } = await child.status;
    const output = parseJson(stdout);
    if (success) return output;
    const reason = reasonOf(output, lines, stdout) ||
      `the Supabase CLI ended with code ${code} and said nothing`;
    throw new SupabaseCliError(redact(reason));
  };
}
