import { z } from "zod";
import { EVENT_CATALOGUE } from "../../supabase/functions/_shared/events/catalogue.ts";
import { bodySchema } from "./events.ts";

/** As much of JSON Schema as the catalogue's schemas use. */
interface Schema {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
}

function typeOf(schema: Schema, indent: string): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) {
    return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  }
  if (schema.anyOf !== undefined) {
    return schema.anyOf.map((one) => typeOf(one, indent)).join(" | ");
  }
  switch (schema.type) {
    case "integer":
      return "number";
    case "array":
      return `(${typeOf(schema.items ?? {}, indent)})[]`;
    case "object":
      return objectType(schema, indent);
    case "string":
    case "number":
    case "boolean":
    case "null":
      return schema.type;
    default:
      return "unknown";
  }
}

function objectType(
  { properties = {}, required = [] }: Schema,
  indent: string,
): string {
  const entries = Object.entries(properties);
  if (entries.length === 0) return "Record<string, unknown>";
  const inner = `${indent}  `;
  const lines = entries.map(([name, schema]) =>
    `${inner}${name}${required.includes(name) ? "" : "?"}: ${
      typeOf(schema, inner)
    };\n`
  );
  return `{\n${lines.join("")}${indent}}`;
}

/** `order.paid` → `OrderPaid`. */
function nameOf(type: string): string {
  return type.split(/[^A-Za-z]+/).map((word) =>
    word === word.toUpperCase()
      ? word.charAt(0) + word.slice(1).toLowerCase()
      : word.charAt(0).toUpperCase() + word.slice(1)
  ).join("");
}

/** Types of every event's body, and their union, as a module. */
export function eventTypes(): string {
  const parts = EVENT_CATALOGUE.map((event) => {
    const schema = z.toJSONSchema(bodySchema(event), { io: "input" });
    return `/** When ${event.when.en}. */
export interface ${nameOf(event.type)} ${typeOf(schema as Schema, "")}
`;
  });
  const union = EVENT_CATALOGUE.map(({ type }) => `  | ${nameOf(type)}\n`);
  return `// Written by \`npx -y deno task docs\` from the catalogue of events.

${parts.join("\n")}
/** The body of any event. Types that a later version adds are none of these: leave them. */
export type TossPaymentsEvent =
${union.join("").trimEnd()};
`;
}
