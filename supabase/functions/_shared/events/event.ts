import { z } from "zod";

/** One kind of event that other systems can hear of. */
export interface EventDefinition {
  /** Its name, as `type` in the body and in `eventTypes` of an endpoint. */
  type: string;
  /** Grows when a field changes its meaning or goes; new fields alone leave it. */
  version: 1;
  /** The release that brought it. */
  since: string;
  /** When it is sent, as a clause that begins with the subject. */
  when: { en: string; ko: string };
  /** What `data` holds beside `version`. */
  data: z.ZodObject;
  example: Readonly<Record<string, unknown>>;
}

/** Version of a definition's `data`. */
export const VERSION = 1;

export const SINCE = "1.0";

export const amount = z.number().int().nonnegative()
  .describe("Minor unit of the currency; KRW: won");
export const time = z.string().describe("ISO 8601 with offset");
export const id = z.string();
/** Absent for a guest. */
export const userId = z.string().optional();

export const EXAMPLE_TIME = "2027-01-15T10:00:00+09:00";
export const EXAMPLE_ORDER = "order_5f3a9c1e7b2d4806a1c3";
export const EXAMPLE_PAYMENT = "tgen_20270115100000AbCd1";
export const EXAMPLE_USER = "7d3f0b52-6c2e-4c1b-9a57-2f1f4f7f1a10";
export const EXAMPLE_SUBSCRIPTION = "3c9a4a5e-51d4-4f0e-8d7c-6a3f1f0d2b11";
export const EXAMPLE_CHARGE = "b1f5a3de-0f0a-4a0f-8a4e-0c7f9d0e3c12";
export const EXAMPLE_METHOD = "0a6f2f4c-8f3f-4f57-9c55-5d1b9b0c7d13";
