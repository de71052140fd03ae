import assert from "node:assert/strict";
import { propertyRuns } from "../support/property-runs.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";

const test = shopTests();

const ZONE = "Asia/Seoul";
const YEARS = 40;

/** Midnight in Seoul, the second before it, midnight in UTC, and some time of day. */
const TIMES = ["00:00:00", "23:59:59", "09:00:00", "13:37:42"];

/** What a period of a plan may be; the last number says how many such periods make forty years. */
const PERIODS: [Unit, number, number][] = [
  ["month", 1, 12 * YEARS],
  ["month", 2, 6 * YEARS],
  ["month", 3, 4 * YEARS],
  ["month", 6, 2 * YEARS],
  ["month", 7, 68],
  ["month", 18, 26],
  ["year", 1, YEARS],
  ["year", 3, 13],
  ["year", 4, 10],
  ["week", 1, 52 * YEARS],
  ["week", 2, 26 * YEARS],
  ["day", 1, 365 * YEARS],
  ["day", 30, 12 * YEARS],
  ["day", 100, 146],
];

/** A period count of every plan is compared at this many places when there are more: at midnight, and at the other times. */
const MOST_PLACES = [20, 5, 5, 5].map(propertyRuns);
const FEWEST_COMPARED = [400_000, 40_000, 40_000, 40_000];

type Unit = "day" | "week" | "month" | "year";

/** Every day of a leap year and of the year after it, at one time of day in Seoul. */
function anchorsAt(time: string): Temporal.ZonedDateTime[] {
  const first = Temporal.PlainDate.from("2028-01-01");
  return Array.from(
    { length: 366 + 365 },
    (_, index) =>
      first.add({ days: index }).toZonedDateTime({
        timeZone: ZONE,
        plainTime: Temporal.PlainTime.from(time),
      }),
  );
}

/** The period numbers to compare: all of them, or evenly spread ones with the first and the last. */
function places(last: number, most: number): number[] {
  const step = Math.max(1, last / most);
  const found = new Set<number>([0, last]);
  for (let at = 0; at < last; at += step) found.add(Math.round(at));
  return [...found].sort((left, right) => left - right);
}

/** What the database says: seconds since 1970, for each anchor and each period number. */
async function boundaries(
  { stack }: Shop,
  anchors: Temporal.ZonedDateTime[],
  [unit, count]: [Unit, number, number],
  numbers: number[],
): Promise<number[][]> {
  const rows = await stack.sql<{ ends: number[] }[]>`
    select array_agg(
      extract(epoch from toss_private.period_boundary(a.at, ${unit}, ${count}, n.number))::float8 order by n.number
    ) as ends
    from unnest(${
    anchors.map((anchor) => anchor.toInstant().toString())
  }::timestamptz[]) with ordinality as a (at, position),
      unnest(${numbers}::integer[]) as n (number)
    group by a.position
    order by a.position`;
  return rows.map(({ ends }) => ends);
}

/** What the calendar of ECMAScript says. */
function expectedBoundary(
  anchor: Temporal.ZonedDateTime,
  unit: Unit,
  distance: number,
): number {
  return anchor.add({ [`${unit}s`]: distance }).epochMilliseconds / 1000;
}

for (const [index, time] of TIMES.entries()) {
  test(`forty years of periods from every day of two years at ${time} in Seoul agree with Temporal`, async (shop) => {
    const anchors = anchorsAt(time);
    let compared = 0;
    for (const period of PERIODS) {
      const [unit, count, last] = period;
      // Every single month once; what repeats is thinned out.
      const isComplete = index === 0 && unit === "month" && count === 1;
      const numbers = places(last, isComplete ? last : MOST_PLACES[index] ?? 0);
      const found = await boundaries(shop, anchors, period, numbers);
      for (const [position, anchor] of anchors.entries()) {
        for (const [place, number] of numbers.entries()) {
          const expected = expectedBoundary(anchor, unit, count * number);
          if (found[position]?.[place] !== expected) {
            assert.fail(
              `${anchor} + ${number} × ${count} ${unit}: ${
                found[position]?.[place]
              } is not ${expected}`,
            );
          }
          compared++;
        }
      }
    }
    assert.ok(compared > (FEWEST_COMPARED[index] ?? 0), `${compared}`);
  });
}

/** Anchor, unit, count, and where the first periods begin, all in Seoul. */
const EXAMPLES: [string, Unit, number, string[]][] = [
  ["2027-01-31T10:00:00", "month", 1, [
    "2027-02-28T10:00:00",
    "2027-03-31T10:00:00",
    "2027-04-30T10:00:00",
  ]],
  ["2028-01-30T00:00:00", "month", 1, [
    "2028-02-29T00:00:00",
    "2028-03-30T00:00:00",
  ]],
  ["2028-02-29T23:59:59", "year", 1, [
    "2029-02-28T23:59:59",
    "2030-02-28T23:59:59",
    "2031-02-28T23:59:59",
    "2032-02-29T23:59:59",
  ]],
  ["2027-08-31T00:30:00", "month", 3, [
    "2027-11-30T00:30:00",
    "2028-02-29T00:30:00",
    "2028-05-31T00:30:00",
  ]],
];

for (const [anchor, unit, count, starts] of EXAMPLES) {
  test(`periods of ${count} ${unit} from ${anchor} begin where a reader expects`, async (shop) => {
    const from = Temporal.PlainDateTime.from(anchor).toZonedDateTime(ZONE);
    const numbers = starts.map((_, index) => index + 1);
    const [found = []] = await boundaries(
      shop,
      [from],
      [unit, count, 0],
      numbers,
    );

    const shown = found.map((seconds) =>
      Temporal.Instant.fromEpochMilliseconds(seconds * 1000)
        .toZonedDateTimeISO(ZONE).toPlainDateTime().toString()
    );
    assert.deepEqual(shown, starts);
  });
}
