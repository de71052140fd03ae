import { nameTreatment } from "../security/sensitive-names.ts";
import { givenValues } from "./given-values.ts";

const PART = /[A-Za-z0-9+/=_-]{16,}/g;
const PASSWORD = /^\w+:\/\/[^/?#]*?:([^/?#]+)@/;

/**
 * The values of an environment that nobody may see, for a redactor: what stands under a sensitive name, as a whole and
 * in its parts (the keys of a JSON object, the items of a list), and the passwords in addresses.
 *
 * It needs no sound configuration: what is wrong with one variable must not show another.
 */
export function secretValues(
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  const values = Object.entries(givenValues(environment))
    .flatMap(([name, value]) => {
      const password = PASSWORD.exec(value)?.[1];
      if (password !== undefined) return [value, password];
      return nameTreatment(name, "") === "hide" ? partsOf(value) : [];
    });
  return [...new Set(values)];
}

function partsOf(value: string): string[] {
  const items = value.split(",").map((item) => item.trim());
  return [value, ...items, ...value.match(PART) ?? []];
}
