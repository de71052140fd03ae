import { ENVIRONMENT } from "../../supabase/functions/_shared/config/environment.ts";
import type { Language } from "./language.ts";
import { code, wrap } from "./markdown.ts";
import { table } from "../../proofs/support/markdown.ts";
import { VARIABLE_GROUPS, type VariableDescription } from "./variables.ts";

const WORDS = {
  en: { head: ["Variable", "Default", "Meaning"], required: "required" },
  ko: { head: ["변수", "기본값", "의미"], required: "필수" },
} as const;

/** A default as an operator would write it; null = must be set, empty = none. */
export function defaultOf(name: string): string | null {
  const schema = Object.entries(ENVIRONMENT.shape)
    .find(([variable]) => variable === name)?.[1];
  if (schema === undefined) throw new Error(`${name} is no variable`);
  const parsed = schema.safeParse(undefined);
  if (!parsed.success) return null;
  const value: unknown = parsed.data;
  if (value === false) return "off";
  return value === undefined ? "" : String(value);
}

function defaultCell(
  { names, defaultMeans }: VariableDescription,
  language: Language,
): string {
  if (defaultMeans) return defaultMeans[language];
  const defaults = names.map(defaultOf);
  if (defaults.includes(null)) return WORDS[language].required;
  return defaults.map((value) => value ? code(value) : "–").join(", ");
}

/** The table of all variables, as both pages show it. */
export function variablesTable(language: Language): string {
  return table(
    WORDS[language].head,
    VARIABLE_GROUPS.flatMap(({ variables }) =>
      variables.map((variable) => [
        variable.names.map(code).join(", "),
        defaultCell(variable, language),
        variable.meaning[language],
      ])
    ),
  );
}

const WIDTH = 114;

const HEAD = `\
# Every variable of the functions. Copy to .env for the local stack (npx -y deno task dev), which fills in everything
# that is empty. On a hosted project \`npx -y deno task deploy\` checks and sets them.
# White space around a value does not count, here and in every other place that sets one; an empty variable is unset.
# The platform itself sets SUPABASE_URL, SUPABASE_PUBLISHABLE_KEYS and SUPABASE_SECRET_KEYS.
# Written by \`npx -y deno task docs\`; the same as a table, in English and Korean: docs/environment.md.`;

const SECRETS = `\
# Refused by name: a secret of less than 16 characters, one character or byte repeated, one text as two keys.
# Make encryption keys:
# node -e 'console.log(JSON.stringify({k1: require("crypto").randomBytes(32).toString("base64")}))'`;

const TAIL = `\
# --- The local stack alone (docs/local-development.md) ----------------------------------------------------
# A port that takes POST webhook and nothing else, for a tunnel such as ngrok: never lead one to PORT.
# WEBHOOK_PORT=54391`;

function exampleOf(variable: VariableDescription): string[] {
  const { names, defaultMeans, meaning, preset } = variable;
  const defaults = names.map(defaultOf);
  const sentence = meaning.en.replaceAll("`", "");
  const comment = `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
  const told = defaultMeans?.en.replaceAll("`", "") ??
    (preset === undefined ? defaults.filter((value) => value).join(", ") : "");
  return [
    ...wrap(comment, WIDTH).map((line) => `# ${line}`),
    ...(told === "" ? [] : [`# Default: ${told}`]),
    ...names.map((name) => `${name}=${preset ?? ""}`),
  ];
}

/** `.env.example`: every variable with what it means. */
export function renderEnvironmentExample(): string {
  const groups = VARIABLE_GROUPS.map(({ heading, variables }) =>
    [
      `# --- ${heading} `.padEnd(108, "-"),
      ...(heading === "Secrets" ? [SECRETS] : []),
      ...variables.flatMap(exampleOf),
    ].join("\n")
  );
  return [HEAD, ...groups, TAIL].join("\n\n") + "\n";
}
