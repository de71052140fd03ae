import fc from "fast-check";
import { EVENTS } from "../../supabase/functions/_shared/webhooks/events.ts";
import { fixture, type FixtureValues } from "./webhook-scenes/scene.ts";

/** One request to the webhook function, sensible or not. */
export interface FuzzedDelivery {
  body: string | Uint8Array;
  headers: Record<string, string>;
}

const ODD_TEXTS = fc.constantFrom(
  "",
  "\u0000",
  "\ud800",
  "../..",
  "__proto__",
  "constructor",
  "null",
  "'; drop table orders; --",
  "a".repeat(5000),
  "한글🙂",
  "-1e309",
);

const VALUES: fc.Arbitrary<unknown> = fc.oneof(
  ODD_TEXTS,
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom(null, true, 0, -1, 1.5, 1e308, [], {}, [[[[]]]], {
    "\u0000": "\udfff",
  }),
);

/** An event as documented, about something that exists or does not. */
function honestBody(known: FixtureValues[]): fc.Arbitrary<object> {
  return fc.tuple(
    fc.constantFrom(...Object.keys(EVENTS)),
    fc.constantFrom(...known, {}),
  ).map(([name, values]) => fixture(name, values));
}

/** The same with some of its fields replaced, removed or added, at any depth. */
function spoiledBody(known: FixtureValues[]): fc.Arbitrary<object> {
  const changes = fc.array(
    fc.tuple(fc.nat(), fc.oneof(VALUES, fc.constant(undefined))),
    { minLength: 1, maxLength: 4 },
  );
  return fc.tuple(honestBody(known), changes).map(([body, changes]) => {
    for (const [position, value] of changes) spoil(body, position, value);
    return body;
  });
}

function spoil(body: object, position: number, value: unknown): void {
  const places: [object, string][] = [];
  const collect = (container: object) => {
    for (const [name, inner] of Object.entries(container)) {
      places.push([container, name]);
      if (typeof inner === "object" && inner !== null) collect(inner);
    }
  };
  collect(body);
  const place = places[position % Math.max(places.length, 1)];
  if (place === undefined) return;
  if (value === undefined) Reflect.deleteProperty(...place);
  else Reflect.set(...place, value);
}

/** JSON that no encoder writes: duplicate and huge members, deep nesting, a cut in the middle. */
function oddText(known: FixtureValues[]): fc.Arbitrary<string> {
  const text = spoiledBody(known).map((body) => JSON.stringify(body));
  return fc.oneof(
    fc.tuple(text, fc.nat(400)).map(([json, end]) => json.slice(0, end)),
    fc.nat(20_000).map((depth) =>
      `{"eventType":"x","data":${"[".repeat(depth)}${"]".repeat(depth)}}`
    ),
    text.map((json) => `\u{feff}\n ${json} \n`),
    text.map((json) => `{"eventType":1e999,${json.slice(1)}`),
    fc.json(),
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.constant(`{"a":"${"x".repeat(300_000)}"}`),
  );
}

const HEADER_VALUE = fc.string({ unit: "grapheme-ascii", maxLength: 60 })
  .map((value) => value.trim());

const HEADERS = fc.record({
  "tosspayments-webhook-transmission-id": fc.oneof(
    fc.uuid(),
    fc.constantFrom("whtrans_a", "whtrans_b", "", "x".repeat(500)),
    HEADER_VALUE,
  ),
  "tosspayments-webhook-transmission-time": HEADER_VALUE,
  "tosspayments-webhook-transmission-retried-count": fc.oneof(
    fc.nat(9).map(String),
    fc.constantFrom("-1", "99999999999", "1e3"),
    HEADER_VALUE,
  ),
  "tosspayments-webhook-signature": HEADER_VALUE,
  "x-tosspayments-signature": HEADER_VALUE,
  "content-type": fc.oneof(fc.constant("application/json"), HEADER_VALUE),
  "x-forwarded-for": HEADER_VALUE,
  authorization: HEADER_VALUE,
}, { requiredKeys: [] });

/** Deliveries of every kind, `known` being what the database has heard of. */
export function fuzzedDeliveries(
  known: FixtureValues[],
): fc.Arbitrary<FuzzedDelivery> {
  const body = fc.oneof(
    { weight: 3, arbitrary: honestBody(known).map((b) => JSON.stringify(b)) },
    { weight: 5, arbitrary: spoiledBody(known).map((b) => JSON.stringify(b)) },
    { weight: 3, arbitrary: oddText(known) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  );
  return fc.record({ body, headers: HEADERS });
}
