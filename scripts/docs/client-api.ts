import { ERROR_CODES } from "../../supabase/functions/_shared/http/error-codes.ts";
import { SUGGESTED_ACTIONS } from "../../supabase/functions/_shared/toss/error-catalogue/entry.ts";
import { buildDocument } from "./openapi/document.ts";
import type { OperationDescription } from "./openapi/operation.ts";
import { type TypedSchema, typeOfSchema } from "./type-of-schema.ts";

interface Described {
  requestBody?: { content: { "application/json": { schema: TypedSchema } } };
  responses: Record<
    string,
    { content?: { "application/json": { schema: TypedSchema } } }
  >;
}

/** What nobody calls with supabase-js: Toss's own door. */
const NOT_CALLED = new Set(["webhook"]);

/** `DELETE billing-issue` → `BillingIssueDelete`, `POST billing-issue/prepare` → `BillingIssuePrepare`. */
function nameOf({ function: name, method, path }: OperationDescription) {
  const words = `${name}${path.replace("/", "-")}`.split("-");
  if (method === "delete") words.push("delete");
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}

function typesOf(operation: OperationDescription, described: Described) {
  const name = nameOf(operation);
  const request = described.requestBody?.content["application/json"].schema;
  const answers = Object.entries(described.responses)
    .filter(([status]) => status.startsWith("2"))
    .flatMap(([, { content }]) => content?.["application/json"].schema ?? []);
  const title =
    `${operation.method.toUpperCase()} ${operation.function}${operation.path}`;
  const parts = [];
  if (request !== undefined) {
    const type = typeOfSchema(request, "", {
      orUndefined: true,
      described: true,
    });
    parts.push(
      `/** What \`${title}\` takes. */\nexport type ${name}Request = ${type};\n`,
    );
  }
  const type = typeOfSchema({ anyOf: answers }, "", { described: true });
  parts.push(
    `/** What \`${title}\` answers. ${operation.summary}. */\nexport type ${name}Answer = ${type};\n`,
  );
  return parts.join("\n");
}

/** The requests, answers and codes of the functions, as the client's types. */
export function clientApiTypes(
  operations: readonly OperationDescription[],
): string {
  const { paths } = buildDocument(operations) as {
    paths: Record<string, Record<string, Described>>;
  };
  const types = operations
    // A redirect is the browser's, not a script's.
    .filter(({ function: name, method }) =>
      !NOT_CALLED.has(name) && (method !== "get" || name === "health")
    )
    .map((operation) => {
      const described = paths[`/${operation.function}${operation.path}`]
        ?.[operation.method];
      if (described === undefined) throw new Error(`no ${nameOf(operation)}`);
      return typesOf(operation, described);
    });
  const union = (values: readonly string[]) =>
    values.map((value) => `\n  | ${JSON.stringify(value)}`).join("");
  return `// Written by \`npx -y deno task docs\` from the schemas that check the requests.

/** Every code of the functions. */
export type ErrorCode =${union(Object.keys(ERROR_CODES))};

/** What a page does after a refusal. */
export type ErrorAction =${union(SUGGESTED_ACTIONS)};

${types.join("\n")}`;
}
