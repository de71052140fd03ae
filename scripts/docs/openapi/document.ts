import { z } from "zod";
import {
  ERROR_CODES,
  type ErrorCode,
} from "../../../supabase/functions/_shared/http/error-codes.ts";
import { SUGGESTED_ACTIONS } from "../../../supabase/functions/_shared/toss/error-catalogue/entry.ts";
import { VERSION } from "../../../supabase/functions/_shared/version.ts";
import type { OperationDescription } from "./operation.ts";

type Json = Record<string, unknown>;

const ERROR_BODY = z.object({
  code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
  message: z.string().meta({ description: "For developers, in English" }),
  requestId: z.string().meta({
    description: "Stands in the logs and in the audit log as well",
  }),
  retryable: z.boolean(),
  action: z.enum(SUGGESTED_ACTIONS),
  userMessage: z.string().meta({
    description: "For the end user, in Korean or, if asked for first, English",
  }),
  tossCode: z.string().optional(),
  details: z.unknown().optional(),
});

/** Codes that any function can answer. */
const COMMON_ERRORS: readonly ErrorCode[] = [
  "internal_error",
  "not_configured",
  "storage_unavailable",
];

/** Codes of whatever reads a body. */
const BODY_ERRORS: readonly ErrorCode[] = [
  "invalid_request",
  "invalid_json",
  "payload_too_large",
];

const SECURITY_SCHEMES = {
  secretKey: {
    type: "apiKey",
    in: "header",
    name: "apikey",
    description: "A secret key (sb_secret_…): operators and servers only",
  },
  publishableKey: {
    type: "apiKey",
    in: "header",
    name: "apikey",
    description: "The publishable key (sb_publishable_…), as supabase-js sends",
  },
  userToken: {
    type: "http",
    scheme: "bearer",
    description: "A signed-in user's access token",
  },
  cronSecret: {
    type: "http",
    scheme: "bearer",
    description: "CRON_SECRET, as pg_cron sends it",
  },
};

/** Strict JSON Schema of what callers send, or of what they get. */
function schemaOf(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    target: "draft-2020-12",
    io,
    unrepresentable: "any",
    // Answers grow without a new version; readers must let unknown fields pass.
    override: ({ jsonSchema }) => {
      if (io === "output" && jsonSchema.additionalProperties === false) {
        delete jsonSchema.additionalProperties;
      }
    },
  });
  return json;
}

function parametersOf(query: z.ZodObject): Json[] {
  const schema = schemaOf(query, "input");
  const required = new Set(schema.required as string[] | undefined);
  return Object.entries(schema.properties as Json).map(([name, property]) => ({
    name,
    in: "query",
    required: required.has(name),
    schema: property,
  }));
}

/** Error codes share a status; each status is one answer that names its codes. */
function errorAnswers(operation: OperationDescription): Json {
  const codes = [
    ...operation.errors,
    ...(operation.body ? BODY_ERRORS : []),
    ...COMMON_ERRORS,
  ];
  const byStatus = Map.groupBy(
    new Set(codes),
    (code) => ERROR_CODES[code].status,
  );
  return Object.fromEntries(
    [...byStatus].sort(([a], [b]) => a - b).map(([status, named]) => [
      String(status),
      {
        description: named.map((code) => `\`${code}\``).join(", "),
        content: {
          "application/json": {
            schema: { $ref: "#/components/schemas/Error" },
          },
        },
      },
    ]),
  );
}

function successAnswers(operation: OperationDescription): Json {
  return Object.fromEntries(
    Object.entries(operation.answers).map(([status, answer]) => [status, {
      description: answer.description,
      ...(answer.headers
        ? {
          headers: Object.fromEntries(
            Object.entries(answer.headers).map(([name, description]) => [
              name,
              { description, schema: { type: "string" } },
            ]),
          ),
        }
        : {}),
      ...(answer.schema
        ? {
          content: {
            "application/json": { schema: schemaOf(answer.schema, "output") },
          },
        }
        : {}),
    }]),
  );
}

function describeOperation(operation: OperationDescription): Json {
  const name = `${operation.function}${operation.path.replace("/", "-")}`;
  return {
    operationId: `${operation.method}-${name}`,
    tags: [operation.function],
    summary: operation.summary,
    description: operation.description,
    security: [
      ...(operation.security.length === 0 ? [{}] : []),
      ...[...operation.security, ...operation.opensMore ?? []]
        .map((scheme) => ({ [scheme]: [] })),
    ],
    ...(operation.query ? { parameters: parametersOf(operation.query) } : {}),
    ...(operation.body
      ? {
        requestBody: {
          required: true,
          content: {
            "application/json": { schema: schemaOf(operation.body, "input") },
          },
        },
      }
      : {}),
    responses: { ...successAnswers(operation), ...errorAnswers(operation) },
  };
}

/**
 * Builds the OpenAPI 3.1 document of the functions from the zod schemas that check their requests.
 *
 * @returns the document as JSON value, the same for the same operations
 */
export function buildDocument(
  operations: readonly OperationDescription[],
): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const path = `/${operation.function}${operation.path}`;
    (paths[path] ??= {})[operation.method] = describeOperation(operation);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "supabase-tosspayments",
      version: VERSION,
      description:
        "TossPayments as Supabase Edge Functions. Amounts are integers in the currency's minor unit, times ISO 8601 " +
        "with offset. Unknown fields in a request are refused; unknown fields in an answer are to be ignored.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{
      url: "{api}/functions/v1",
      variables: {
        api: {
          default: "http://127.0.0.1:54321",
          description: "https://<project ref>.supabase.co when hosted",
        },
      },
    }],
    paths,
    components: {
      schemas: { Error: schemaOf(ERROR_BODY, "output") },
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}
