/**
 * What a shop's pages do with supabase-tosspayments: check out, open Toss's window or widget, complete, subscribe, read.
 *
 * @module
 */
export { createTossPayments } from "./client.ts";
export type {
  Cart,
  RegisterOptions,
  TossPayments,
  TossPaymentsOptions,
  Watch,
} from "./client.ts";
export { asTossPaymentsError, TossPaymentsError } from "./error.ts";
export type {
  ClientErrorCode,
  ErrorDetails,
  Problem,
  TossPaymentsErrorCode,
} from "./error.ts";
export type { CallOptions, Language } from "./call.ts";
export type { Completion, Payment, Registration } from "./complete.ts";
export type { Functions, SubscriptionPreview } from "./functions.ts";
export { givesAccess } from "./reads.ts";
export type { Consent, Order, Reads, Subscription } from "./reads.ts";
export type { LoadTossPayments } from "./sdk.ts";
export type { Store } from "./page.ts";
export type {
  Targets,
  Widget,
  WidgetOptions,
  WindowOptions,
} from "./windows.ts";
export type * from "./generated/api.ts";
export type { Database, Json, Tables } from "./generated/tables.ts";
