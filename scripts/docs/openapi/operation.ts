import type { z } from "zod";
import type { FunctionName } from "../../../supabase/functions/_shared/http/access.ts";
import type { ErrorCode } from "../../../supabase/functions/_shared/http/error-codes.ts";

/** A header, credential or nothing: how a caller proves who calls, by the names of the security schemes. */
export type SecurityScheme =
  | "secretKey"
  | "publishableKey"
  | "userToken"
  | "cronSecret";

/** One answer that is no error. */
export interface AnswerDescription {
  description: string;
  /** Absent for an answer without a JSON body, such as a redirect. */
  schema?: z.ZodType;
  headers?: Record<string, string>;
}

/** One method of one function, as the API document shows it. */
export interface OperationDescription {
  function: FunctionName;
  method: "get" | "post" | "delete";
  /** Below the function, for example `/prepare`; empty for the function itself. */
  path: string;
  summary: string;
  description: string;
  /** Alternatives; empty when anyone may call. */
  security: readonly SecurityScheme[];
  /** What opens more of an operation that anyone may call. */
  opensMore?: readonly SecurityScheme[];
  query?: z.ZodObject;
  body?: z.ZodType;
  answers: Record<number, AnswerDescription>;
  /** Codes beside those that every function can answer. */
  errors: readonly ErrorCode[];
}
