import { z } from "zod";
import { EVENT_CATALOGUE } from "../../supabase/functions/_shared/events/catalogue.ts";
import type { EventDefinition } from "../../supabase/functions/_shared/events/event.ts";
import type { Language } from "./language.ts";
import { code } from "./markdown.ts";
import { table } from "../../proofs/support/markdown.ts";

const HEADS = {
  en: ["Type", "When", "`data` beside `version`", "Since"],
  ko: ["종류", "언제", "`version` 외의 `data`", "버전"],
} as const;

/** The fields of `data`; those that may be missing end with a question mark. */
function fieldsOf({ data }: EventDefinition): string {
  return Object.entries<z.ZodType>(data.shape).map(([name, schema]) =>
    code(schema.safeParse(undefined).success ? `${name}?` : name)
  ).join(", ");
}

/** Every event: its type, when it is sent, what it holds, since when. */
export function eventsTable(language: Language): string {
  return table(
    HEADS[language],
    EVENT_CATALOGUE.map((event) => [
      code(event.type),
      event.when[language],
      fieldsOf(event),
      event.since,
    ]),
  );
}

/** The body of an event, as a receiver gets it. */
export function exampleBody(
  { type, version, example }: EventDefinition,
): Record<string, unknown> {
  const data = JSON.parse(JSON.stringify({ version, ...example }));
  return { type, timestamp: "2027-01-15T10:00:00.123456+09:00", data };
}

/** One event as it is sent. */
export function exampleEvent(): string {
  const [first] = EVENT_CATALOGUE.filter(({ type }) =>
    type === "payment.partially_refunded"
  );
  if (first === undefined) throw new Error("the example event is gone");
  return `\`\`\`json\n${JSON.stringify(exampleBody(first), null, 2)}\n\`\`\``;
}

/** The schema of a whole body. */
export function bodySchema({ type, version, data }: EventDefinition) {
  return z.object({
    type: z.literal(type),
    timestamp: z.string().describe("ISO 8601 with offset: when it happened"),
    data: z.object({ version: z.literal(version), ...data.shape }),
  });
}

/** A JSON Schema of every body, with one definition a type. */
export function eventSchema(): Record<string, unknown> {
  const definitions = EVENT_CATALOGUE.map((event) => {
    const { $schema: _, ...schema } = z.toJSONSchema(bodySchema(event), {
      io: "input",
    });
    return [event.type, {
      ...schema,
      description: event.when.en,
      examples: [exampleBody(event)],
    }] as const;
  });
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Events of supabase-tosspayments",
    oneOf: definitions.map(([type]) => ({ $ref: `#/$defs/${type}` })),
    $defs: Object.fromEntries(definitions),
  };
}
