import { REDACTED, redactText } from "./redact-text.ts";
import { nameTreatment } from "./sensitive-names.ts";

export { redactText } from "./redact-text.ts";

/** A value that `JSON.stringify` writes without surprises. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | JsonValue[]
  | { [name: string]: JsonValue };

const DEPTH_LIMIT = 40;
// Shared references make a small value unfold into a huge one.
const VALUE_LIMIT = 100_000;

type Walk = {
  readonly literals: readonly string[];
  /** The objects around the value; one set for the whole walk. */
  readonly ancestors: Set<object>;
  /** Name of the field that holds the value; items of a list keep the list's. */
  readonly name: string;
  readonly isIdentifier: boolean;
  readonly budget: { values: number };
  readonly names: Map<string, string>;
};

/**
 * Copies a value as JSON with every secret replaced, by field name and by the
 * shape of the text (`redactText()`), at any depth.
 *
 * Nulls and empty texts stay, so that one still sees whether something was
 * there. Cycles, deep nesting, throwing getters and values JSON does not know
 * become a short note in brackets; dates, errors, maps and sets are written
 * out. Never throws.
 *
 * @param literals exact secrets to remove as well, of 8 characters or more.
 */
export function redactJson(
  value: unknown,
  literals: readonly string[] = [],
): JsonValue {
  return copy(value, {
    literals,
    ancestors: new Set(),
    name: "",
    isIdentifier: false,
    budget: { values: VALUE_LIMIT },
    names: new Map(),
  });
}

function copy(value: unknown, walk: Walk): JsonValue {
  try {
    switch (typeof value) {
      case "string":
        return redactText(value, walk);
      case "number":
        return Number.isFinite(value) ? copyNumber(value, walk) : String(value);
      case "bigint":
        return redactText(String(value), walk);
      case "boolean":
        return value;
      case "object":
        return value === null ? null : copyObject(value, walk);
      case "undefined":
        return null;
      default:
        return `[${typeof value}]`;
    }
  } catch {
    return "[unreadable]";
  }
}

// A phone number without its zero, the shortest that is hidden.
const SHORT_NUMBER = 99_999_999;

function copyNumber(value: number, walk: Walk): JsonValue {
  if (Math.abs(value) <= SHORT_NUMBER) return value;
  const text = String(value);
  return redactText(text, walk) === text ? value : REDACTED;
}

function copyObject(value: object, walk: Walk): JsonValue {
  if (walk.ancestors.has(value)) return "[circular]";
  if (walk.ancestors.size >= DEPTH_LIMIT) return "[too deep]";
  if (--walk.budget.values < 0) return "[too much]";
  walk.ancestors.add(value);
  try {
    return copyParts(value, walk);
  } finally {
    walk.ancestors.delete(value);
  }
}

function copyParts(value: object, inner: Walk): JsonValue {
  if (Array.isArray(value) || value instanceof Set) {
    return [...value].map((item) => copy(item, inner));
  }
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    return `[${value.byteLength} bytes]`;
  }
  if (value instanceof Date) return copyDate(value);
  return Object.fromEntries(
    fieldsOf(value).map(([name, field]) => [
      copyName(name, inner),
      copyField({ name, value: field }, inner),
    ]),
  );
}

// A list of objects repeats its names.
function copyName(name: string, { names, literals }: Walk): string {
  let copied = names.get(name);
  if (copied === undefined) {
    copied = redactText(name, { literals });
    names.set(name, copied);
  }
  return copied;
}

function copyDate(value: Date): JsonValue {
  return Number.isNaN(value.getTime()) ? "[no date]" : value.toISOString();
}

function fieldsOf(value: object): [string, unknown][] {
  if (value instanceof Map) {
    return [...value].map(([name, field]) => [String(name), field]);
  }
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    const fields: [string, unknown][] = [
      ["name", name],
      ["message", message],
      ["stack", stack],
      ["cause", cause],
      ...Object.entries(value),
    ];
    return fields.filter(([, field]) => field !== undefined);
  }
  return Object.keys(value).map((name) => [name, readField(value, name)]);
}

function readField(value: object, name: string): unknown {
  try {
    return Reflect.get(value, name);
  } catch {
    return "[unreadable]";
  }
}

function copyField(
  field: { name: string; value: unknown },
  walk: Walk,
): JsonValue {
  const treatment = nameTreatment(field.name, walk.name);
  if (treatment === "hide") {
    const isEmpty = field.value === null || field.value === undefined ||
      field.value === "";
    return isEmpty ? copy(field.value, walk) : REDACTED;
  }
  const isIdentifier = treatment === "identifier";
  return copy(field.value, { ...walk, name: field.name, isIdentifier });
}
