import type { z } from "zod";
import type { Bytes } from "../security/bytes.ts";
import { AppError, type FieldProblem } from "./app-error.ts";

/** Deno 2.1.4 cuts a caller that is still sending, so that the 413 would not arrive; up to here it is let finish. */
const MAXIMUM_DISCARDED_BYTES = 2 * 1024 * 1024;

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
  maximum: number,
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

/** Whoever has to correct more than these corrects these first. */
const MAXIMUM_PROBLEMS = 20;

/** No field of ours has a longer path; a name that somebody made up may be as long as a body. */
const MAXIMUM_FIELD_LENGTH = 100;

function shortened(field: string): string {
  return field.length <= MAXIMUM_FIELD_LENGTH
    ? field
    : `${field.slice(0, MAXIMUM_FIELD_LENGTH).toWellFormed()}…`;
}

function* problemsOf(issue: z.core.$ZodIssue): Iterable<FieldProblem> {
  const path = issue.path.map(String);
  if (issue.code !== "unrecognized_keys") {
    yield { field: shortened(path.join(".")), problem: issue.message };
    return;
  }
  for (const key of issue.keys) {
    const field = shortened([...path, key].join("."));
    yield { field, problem: "unknown field; remove it" };
  }
}

/** Names each field that zod refused, up to {@link MAXIMUM_PROBLEMS}, and says what to do. */
function fieldProblems(error: z.ZodError): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const issue of error.issues) {
    for (const problem of problemsOf(issue)) {
      if (problems.length === MAXIMUM_PROBLEMS) return problems;
      problems.push(problem);
    }
  }
  return problems;
}

/**
 * Reads and checks a JSON body against a strict schema, never more than `maximum` bytes of it.
 *
 * @throws AppError `payload_too_large`, `invalid_json`, or `invalid_request` whose details name each field.
 */
export async function readJson<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
  maximum: number,
): Promise<z.output<Schema>> {
  const bytes = await readBody(request, maximum);
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
