type Fields = Record<string, unknown>;

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function replaced(place: unknown, path: string[], value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (!isObject(place)) return place;
  const name = step.replace("[]", "");
  const old = place[name];
  if (name === step) return { ...place, [name]: replaced(old, rest, value) };
  return Array.isArray(old)
    ? { ...place, [name]: old.map((item) => replaced(item, rest, value)) }
    : place;
}

/**
 * Puts `value` into one place of an answer: `easyPay`, `card.number`, or
 * `cancels[].canceledAt` for every entry. Where the way there is missing, the
 * answer stays as it is.
 */
export function withOddField(
  body: string,
  { field, value }: { field: string; value?: unknown },
): string {
  const answer: unknown = body === "" ? {} : JSON.parse(body);
  return JSON.stringify(replaced(answer, field.split("."), value));
}
