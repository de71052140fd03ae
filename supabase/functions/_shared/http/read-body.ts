import type { z } from "zod";
import type { Bytes } from "../security/bytes.ts";
import { AppError, type FieldProblem } from "./app-error.ts";

/** No request of this API needs more; webhooks of Toss stay far below. */
export const MAXIMUM_BODY_BYTES = 256 * 1024;

/** Deno 2.1.4 cuts a caller that is still sending, so that the 413 would not arrive; up to here it is let finish. */
const MAXIMUM_DISCARDED_BYTES = 8 * MAXIMUM_BODY_BYTES;

function tooLarge(maximum: number): AppError {
  return new AppError(
    "payload_too_large",
    `The body is larger than ${maximum} bytes.`,
  );
}

/**
 * Reads a request body, never more than `maximum` bytes.
 *
 * @throws AppError `payload_too_large`; judged by content-length before reading, then by what really arrives.
 */
export async function readBody(
  request: Request,
  maximum: number = MAXIMUM_BODY_BYTES,
): Promise<Bytes> {
  if (Number(request.headers.get("content-length")) > maximum) {
    throw tooLarge(maximum);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > maximum) chunks.length = 0;
    else chunks.push(chunk);
    if (size > MAXIMUM_DISCARDED_BYTES) break;
  }
  if (size > maximum) throw tooLarge(maximum);
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

/** Names each field that zod refused, and says what to do. */
function fieldProblems(error: z.ZodError): FieldProblem[] {
  return error.issues.flatMap((issue) => {
    const field = issue.path.join(".");
    if (issue.code !== "unrecognized_keys") {
      return [{ field, problem: issue.message }];
    }
    return issue.keys.map((key) => ({
      field: field === "" ? key : `${field}.${key}`,
      problem: "unknown field; remove it",
    }));
  });
}

/**
 * Reads and checks a JSON body against a strict schema.
 *
 * @throws AppError `payload_too_large`, `invalid_json`, or `invalid_request` whose details name each field.
 */
export async function readJson<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
): Promise<z.output<Schema>> {
  const bytes = await readBody(request);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new AppError("invalid_json", "The body is not JSON.", { cause });
  }
  return parseInput(value, schema);
}

/** Takes the place of zod's own words about a field that was not sent. */
const missing: z.core.$ZodErrorMap = ({ code, input }) =>
  code === "invalid_type" && input === undefined ? "required" : undefined;

/** Checks a value from outside; @throws AppError `invalid_request` whose details name each field. */
export function parseInput<Schema extends z.ZodType>(
  value: unknown,
  schema: Schema,
): z.output<Schema> {
  const parsed = schema.safeParse(value, { error: missing });
  if (parsed.success) return parsed.data;
  const details = fieldProblems(parsed.error);
  const named = details.map(({ field, problem }) =>
    `${field === "" ? "body" : field}: ${problem}`
  );
  throw new AppError("invalid_request", named.join("; "), { details });
}
