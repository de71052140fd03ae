import type { OperationDescription } from "./openapi/operation.ts";
import { buildDocument } from "./openapi/document.ts";
import { KOREAN_FIELDS, KOREAN_ROUTES } from "./api-korean.ts";
import { API_WORDS } from "./api-words.ts";
import type { Language } from "./language.ts";
import { code } from "./markdown.ts";
import { table } from "../../proofs/support/markdown.ts";

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

function typeOf(schema: Schema, language: Language): string {
  const { array, either } = API_WORDS[language];
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) {
    return schema.enum.map((value) => JSON.stringify(value)).join(either);
  }
  const options = schema.anyOf ?? schema.oneOf;
  if (options) {
    return options.map((option) => typeOf(option, language)).join(either);
  }
  if (schema.type === "array") {
    return array(typeOf(schema.items ?? {}, language));
  }
  const name = Array.isArray(schema.type)
    ? schema.type.join(either)
    : schema.type ?? "any";
  return schema.format ? `${name} (${schema.format})` : name;
}

/** So many characters of a pattern a table cell bears; the whole stands in openapi.json. */
const PATTERN_SHOWN = 40;

function patternRule(
  { pattern, format }: Schema,
  language: Language,
): string | undefined {
  // What a format says needs no pattern beside it.
  if (pattern === undefined || format !== undefined) return undefined;
  const words = API_WORDS[language];
  return pattern.length > PATTERN_SHOWN
    ? words.longPattern
    : words.pattern(code(pattern.replaceAll("|", "\\|")));
}

function inLanguage(
  text: string,
  language: Language,
  korean: Readonly<Record<string, string>>,
): string {
  if (language === "en") return text;
  const said = korean[text];
  if (said === undefined) {
    throw new Error(`scripts/docs/api-korean.ts does not say: ${text}`);
  }
  return said;
}

function rulesOf(schema: Schema, language: Language): string {
  const { minimum, maximum, minLength, maxLength } = schema;
  const { byDefault, characters, from, to } = API_WORDS[language];
  const rules = [
    schema.description === undefined
      ? undefined
      : inLanguage(schema.description, language, KOREAN_FIELDS),
    minLength !== undefined || maxLength !== undefined
      ? characters(minLength ?? 0, maxLength ?? "…")
      : undefined,
    minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER
      ? from(minimum)
      : undefined,
    maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
      ? to(maximum)
      : undefined,
    patternRule(schema, language),
    schema.default === undefined
      ? undefined
      : byDefault(JSON.stringify(schema.default)),
  ];
  return rules.filter((rule) => rule !== undefined).join("; ");
}

/** Rows of a table of fields; those of nested objects are named with their path. */
function fieldRows(
  schema: Schema,
  language: Language,
  prefix = "",
): string[][] {
  const parts = [
    schema,
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
  ];
  const [yes, no] = API_WORDS[language].required;
  return parts.flatMap((part) => {
    const required = new Set(part.required ?? []);
    return Object.entries(part.properties ?? {}).flatMap(([name, field]) => {
      const path = `${prefix}${name}`;
      return [
        [
          code(path),
          typeOf(field, language),
          required.has(name) ? yes : no,
          rulesOf(field, language),
        ],
        ...fieldRows(field, language, `${path}.`),
        ...fieldRows(field.items ?? {}, language, `${path}[].`),
      ];
    });
  });
}

function fields(title: string, schema: Schema, language: Language): string[] {
  const rows = fieldRows(schema, language);
  if (rows.length === 0) return [];
  const unique = new Map(rows.map((row) => [row.join(), row]));
  return [title, table(API_WORDS[language].fields, [...unique.values()])];
}

/** A table for each form that a body can have. */
function forms(title: string, schema: Schema, language: Language): string[] {
  return (schema.oneOf ?? [schema]).flatMap((form, index) =>
    fields(
      index === 0 ? title : API_WORDS[language].another(title),
      form,
      language,
    )
  );
}

function callersOf({ security }: Operation, language: Language): string {
  const { anyone, callers, more, or } = API_WORDS[language];
  const named = security.flatMap((entry) => Object.keys(entry))
    .map((name) => callers[name] ?? name);
  const isOpen = security.some((entry) => Object.keys(entry).length === 0);
  if (!isOpen) return named.join(or);
  return named.length === 0 ? anyone : more(named.join(or));
}

/** What a route is and answers, in words. */
function textsOf(route: string, operation: Operation, language: Language) {
  const { summary, description, responses } = operation;
  const answers = Object.entries(responses).map(([status, answer]) => ({
    status,
    text: answer.description,
    schema: answer.content?.["application/json"].schema,
  }));
  if (language === "en") {
    return { about: `${summary}. ${description}`, answers };
  }
  const korean = KOREAN_ROUTES[route];
  if (korean === undefined) {
    throw new Error(`scripts/docs/api-korean.ts does not describe ${route}`);
  }
  return {
    about: `${korean.summary}. ${korean.description}`,
    answers: answers.map((answer) => ({
      ...answer,
      text: Number(answer.status) >= 400
        ? answer.text
        : inLanguage(answer.status, language, korean.answers),
    })),
  };
}

function section(
  route: string,
  operation: Operation,
  language: Language,
): string[] {
  const words = API_WORDS[language];
  const { about, answers } = textsOf(route, operation, language);
  const query = operation.parameters ?? [];
  const body = operation.requestBody?.content["application/json"].schema;
  return [
    `## ${route}`,
    about,
    `${words.caller}: ${callersOf(operation, language)}.`,
    ...fields(words.query, {
      properties: Object.fromEntries(
        query.map(({ name, schema }) => [name, schema]),
      ),
      required: query.filter(({ required }) => required)
        .map(({ name }) => name),
    }, language),
    ...(body ? forms(words.body, body, language) : []),
    table(words.answers, answers.map(({ status, text }) => [status, text])),
    ...answers.flatMap(({ status, schema }) =>
      schema === undefined || schema.$ref
        ? []
        : fields(words.answer(status), schema, language)
    ),
  ];
}

/** The API document as a page: docs/api.md and docs/api.ko.md. */
export function renderApi(
  operations: readonly OperationDescription[],
  language: Language,
): string {
  const { paths } = buildDocument(operations) as unknown as {
    paths: Record<string, Record<string, Operation>>;
  };
  return [
    API_WORDS[language].introduction.join("\n"),
    ...Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, operation]) =>
        section(`${method.toUpperCase()} ${path}`, operation, language)
      )
    ),
  ].join("\n\n") + "\n";
}
