import type { OperationDescription } from "./operation.ts";
import { buildDocument } from "./document.ts";

interface Schema {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  $ref?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  description?: string;
  format?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
}

interface Answer {
  description: string;
  content?: { "application/json": { schema: Schema } };
}

interface Operation {
  summary: string;
  description: string;
  security: Record<string, unknown>[];
  parameters?: { name: string; required: boolean; schema: Schema }[];
  requestBody?: { content: { "application/json": { schema: Schema } } };
  responses: Record<string, Answer>;
}

const CALLERS: Record<string, string> = {
  secretKey: "secret key (`apikey`)",
  publishableKey: "publishable key (`apikey`)",
  userToken: "user's access token (`Authorization: Bearer`)",
  cronSecret: "CRON_SECRET (`Authorization: Bearer`)",
};

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) {
    return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  }
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return options.map(typeOf).join(" or ");
  if (schema.type === "array") return `array of ${typeOf(schema.items ?? {})}`;
  const name = Array.isArray(schema.type)
    ? schema.type.join(" or ")
    : schema.type ?? "any";
  return schema.format ? `${name} (${schema.format})` : name;
}

/** So many characters of a pattern a table cell bears; the whole stands in openapi.json. */
const PATTERN_SHOWN = 40;

function patternRule({ pattern, format }: Schema): string | undefined {
  // What a format says needs no pattern beside it.
  if (pattern === undefined || format !== undefined) return undefined;
  return pattern.length > PATTERN_SHOWN
    ? "has a pattern, see openapi.json"
    : `matches \`${pattern.replaceAll("|", "\\|")}\``;
}

function rulesOf(schema: Schema): string {
  const { minimum, maximum, minLength, maxLength } = schema;
  const rules = [
    schema.description,
    minLength !== undefined || maxLength !== undefined
      ? `${minLength ?? 0}–${maxLength ?? "…"} characters`
      : undefined,
    minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER
      ? `from ${minimum}`
      : undefined,
    maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
      ? `to ${maximum}`
      : undefined,
    patternRule(schema),
    schema.default === undefined
      ? undefined
      : `default ${JSON.stringify(schema.default)}`,
  ];
  return rules.filter((rule) => rule !== undefined).join("; ");
}

/** Rows of a table of fields; those of nested objects are named with their path. */
function fieldRows(schema: Schema, prefix = ""): string[] {
  const parts = [
    schema,
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
  ];
  return parts.flatMap((part) => {
    const required = new Set(part.required ?? []);
    return Object.entries(part.properties ?? {}).flatMap(([name, field]) => {
      const path = `${prefix}${name}`;
      const must = required.has(name) ? "yes" : "no";
      return [
        `| \`${path}\` | ${typeOf(field)} | ${must} | ${rulesOf(field)} |`,
        ...fieldRows(field, `${path}.`),
        ...fieldRows(field.items ?? {}, `${path}[].`),
      ];
    });
  });
}

/** A table for each form that a body can have. */
function tables(title: string, schema: Schema): string[] {
  const forms = schema.oneOf;
  if (forms === undefined) return table(`${title}:`, schema);
  return forms.flatMap((form, index) =>
    table(index === 0 ? `${title}:` : `Or, ${title.toLowerCase()}:`, form)
  );
}

function table(title: string, schema: Schema): string[] {
  const rows = [...new Set(fieldRows(schema))];
  if (rows.length === 0) return [];
  return [
    `${title}`,
    "",
    "| Field | Type | Required | Rules |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ];
}

function callersOf({ security }: Operation): string {
  const named = security.flatMap((entry) => Object.keys(entry))
    .map((name) => CALLERS[name] ?? name);
  const isOpen = security.some((entry) => Object.keys(entry).length === 0);
  if (!isOpen) return named.join(", or ");
  return named.length === 0
    ? "anyone"
    : `anyone; more for ${named.join(", or ")}`;
}

function section(method: string, path: string, operation: Operation): string[] {
  const callers = callersOf(operation);
  const body = operation.requestBody?.content["application/json"].schema;
  const answers = Object.entries(operation.responses);
  return [
    `## ${method.toUpperCase()} ${path}`,
    "",
    `${operation.summary}. ${operation.description}`,
    "",
    `Caller: ${callers}.`,
    "",
    ...(operation.parameters
      ? table("Query:", {
        properties: Object.fromEntries(
          operation.parameters.map(({ name, schema }) => [name, schema]),
        ),
        required: operation.parameters.filter(({ required }) => required)
          .map(({ name }) => name),
      })
      : []),
    ...(body ? tables("Body", body) : []),
    "| Status | Answer |",
    "| --- | --- |",
    ...answers.map(([status, { description }]) =>
      `| ${status} | ${description} |`
    ),
    "",
    ...answers.flatMap(([status, { content }]) => {
      const schema = content?.["application/json"].schema;
      return schema === undefined || schema.$ref
        ? []
        : table(`Answer ${status}:`, schema);
    }),
  ];
}

/** The API document as a page: docs/api.md. */
export function renderApi(operations: readonly OperationDescription[]): string {
  const { paths } = buildDocument(operations) as unknown as {
    paths: Record<string, Record<string, Operation>>;
  };
  return [
    "# The functions",
    "",
    "Written by `npx -y deno task docs` from the schemas that check the requests; the same as [openapi.json](openapi.json).",
    "Paths stand below `<API_URL>/functions/v1`. Error bodies and every code: [errors.md](errors.md).",
    "",
    ...Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, operation]) =>
        section(method, path, operation)
      )
    ),
  ].join("\n").trimEnd() + "\n";
}
