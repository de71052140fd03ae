import { z } from "zod";
import { OPERATIONS } from "../../scripts/docs/openapi/operations.ts";
import type { Answer } from "./call-function.ts";

/** Codes of calls that no operation describes, and of what can befall any of them. */
const ANYWHERE = new Set([
  "method_not_allowed",
  "not_found",
  "unauthorized",
  "invalid_request",
  "invalid_json",
  "payload_too_large",
  "internal_error",
  "not_configured",
  "storage_unavailable",
]);

const errorBody = z.object({ code: z.string() });

/** One call as a test made it. */
export interface DescribedCall {
  name: string;
  method: string;
  path: string;
}

/**
 * Compares an answer with what the API document says of the operation, so that every e2e test proves the document.
 *
 * @throws Error that names the operation and the difference
 */
export function assertDescribed(
  { name, method, path }: DescribedCall,
  { status, body }: Answer,
): void {
  const below = path.replace(/[?#].*$/, "").replace(/\/$/, "");
  const operation = OPERATIONS.find((candidate) =>
    candidate.function === name && candidate.path === below &&
    candidate.method === method.toLowerCase()
  );
  const described = operation?.answers[status];
  const title = `${method} ${name}${below} ${status}`;
  if (described !== undefined) {
    const parsed = described.schema?.safeParse(body);
    if (parsed?.success === false) {
      throw new Error(
        `${title} differs from the API document: ${
          z.prettifyError(parsed.error)
        }`,
      );
    }
    return;
  }
  const error = errorBody.safeParse(body);
  const codes = new Set<string>(operation?.errors ?? []);
  if (
    status >= 400 && error.success &&
    (codes.has(error.data.code) || ANYWHERE.has(error.data.code))
  ) return;
  throw new Error(
    `${title} ${JSON.stringify(body)} is not in the API document`,
  );
}
