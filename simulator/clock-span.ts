const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time; the parts add up. A day has 24 hours. */
export interface ClockSpan {
  days?: number;
  hours?: number;
  minutes?: number;
  seconds?: number;
}

/** How many milliseconds a span lasts; throws a `RangeError` for a negative one. */
export function millisecondsOf(span: ClockSpan): number {
  const { days = 0, hours = 0, minutes = 0, seconds = 0 } = span;
  const milliseconds = Math.round(
    days * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND,
  );
  if (milliseconds >= 0) return milliseconds;
  throw new RangeError("the clock moves forward only");
}

/**
 * How many milliseconds a clock goes forward from `now` (epoch ms) to reach
 * `time`. Throws a `RangeError` when that is in its past.
 */
export function millisecondsUntil(time: Date, now: number): number {
  const milliseconds = time.getTime() - now;
  if (milliseconds >= 0) return milliseconds;
  const past = time.toISOString();
  throw new RangeError(`the clock moves forward only, and ${past} is over`);
}
