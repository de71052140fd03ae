import { z } from "zod";
import { EVENT_CATALOGUE } from "../../supabase/functions/_shared/events/catalogue.ts";
import { bodySchema } from "./events.ts";
import { type TypedSchema, typeOfSchema } from "./type-of-schema.ts";

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
export interface ${nameOf(event.type)} ${typeOfSchema(schema as TypedSchema)}
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
