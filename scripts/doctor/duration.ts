const UNITS = [
  { seconds: 86_400, name: "day" },
  { seconds: 3_600, name: "hour" },
  { seconds: 60, name: "minute" },
  { seconds: 1, name: "second" },
];

/** The place of the largest unit that a span fills. */
function largestUnit(seconds: number): number {
  const found = UNITS.findIndex((unit) => seconds >= unit.seconds);
  return found < 0 ? UNITS.length - 1 : found;
}

/**
 * A time span as a person says it, in its two largest units: `1 minute 59 seconds`.
 *
 * Rounded to the nearest of the smaller one, so that nothing of weight is lost: one unit alone would call almost two
 * minutes one.
 */
export function duration(seconds: number): string {
  const size = Math.abs(seconds);
  if (size > 0 && size < 1) return "less than a second";
  const step = UNITS[largestUnit(size) + 1]?.seconds ?? 1;
  let rest = Math.round(size / step) * step;
  const largest = largestUnit(rest);
  const parts: string[] = [];
  for (const unit of UNITS.slice(largest, largest + 2)) {
    const count = Math.floor(rest / unit.seconds);
    rest -= count * unit.seconds;
    if (count === 0 && parts.length > 0) continue;
    parts.push(`${count} ${unit.name}${count === 1 ? "" : "s"}`);
  }
  return parts.join(" ");
}
