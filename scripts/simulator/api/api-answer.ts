import { describeError } from "../error-codes.ts";
import type { Language } from "./api-request.ts";

/** An answer of the API, complete but for the headers. */
export interface ApiAnswer {
  status: number;
  /** JSON text or nothing, kept as sent so that a replay is equal byte for byte. */
  body: string;
}

/** Writes 200 with `value`. */
export function valueAnswer(value: unknown): ApiAnswer {
  return { status: 200, body: JSON.stringify(value) };
}

/** Writes 200 without a body. */
export function emptyAnswer(): ApiAnswer {
  return { status: 200, body: "" };
}

/** Writes a documented error with its status and message. */
export function errorAnswer(code: string, language: Language): ApiAnswer {
  const description = describeError(code);
  const body = JSON.stringify({ code, message: description[language] });
  return { status: description.status, body };
}
