import { z } from "zod";
import { storableText } from "./storable-text.ts";

/** What stands for a value that is there but has another form, where its being there counts. */
export const UNREADABLE = "unreadable";

/**
 * Makes a field that can never fail the object around it: what is missing, null or of another type is null.
 *
 * Absent and null mean the same in Toss's objects: older API versions leave out what newer ones set to null.
 */
export function sideField<Output>(schema: z.ZodType<Output>) {
  return schema.nullable().default(null).catch(null);
}

/** A text that may be missing or of another type. Toss adds enum values without a version bump, so every enum is one. */
export const text = sideField(z.string().transform(storableText));

/** A yes or no that may be missing or of another type. */
export const flag = sideField(z.boolean());

/**
 * An amount that counts: a number, or its decimal digits as text, which stand for the same number and no other.
 *
 * Signs, points, exponents, separators and leading zeros prove nothing.
 */
export const amount = z.union([
  z.number().min(0),
  z.string().regex(/^(0|[1-9]\d{0,15})$/).transform(Number)
    .refine(Number.isSafeInteger),
]);

/** An amount that only informs. */
export const sideAmount = sideField(amount);

/** A time, null where nothing happened yet; {@linkcode UNREADABLE} when something is there that is no text. */
export const moment = z.preprocess(
  (value) =>
    value === undefined || value === null || typeof value === "string"
      ? value ?? null
      : UNREADABLE,
  z.string().transform(storableText).nullable(),
);

/** Whether a value from outside is an object with fields. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Names the fields of an answer that were there but could not be read, each once, without their values.
 *
 * Only names that the schema knows can appear, so nothing that the sender made up gets into a log.
 */
export function unreadFields(raw: unknown, read: unknown): string[] {
  return [...new Set(compare(raw, read, ""))];
}

function compare(raw: unknown, read: unknown, path: string): string[] {
  if (raw === read || raw === undefined || raw === null) return [];
  if (read === null || read === undefined || read === UNREADABLE) return [path];
  if (Array.isArray(read)) {
    return Array.isArray(raw)
      ? raw.flatMap((item, index) => compare(item, read[index], `${path}[]`))
      : [path];
  }
  if (!isObject(raw) || !isObject(read)) return [];
  return Object.keys(read).flatMap((name) =>
    compare(raw[name], read[name], path === "" ? name : `${path}.${name}`)
  );
}
