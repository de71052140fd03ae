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

/** The JSON text of an error (Toss docs: the body of every v1 error). */
export function errorText(code: string, message: string): string {
  return JSON.stringify({ code, message });
}

/** Writes a documented error with its status and message. */
export function errorAnswer(code: string, language: Language): ApiAnswer {
  const description = describeError(code);
  const body = errorText(code, description[language]);
  return { status: description.status, body };
}
