const UNITS = [
  { seconds: 86_400, name: "day" },
  { seconds: 3_600, name: "hour" },
  { seconds: 60, name: "minute" },
  { seconds: 1, name: "second" },
];

/** A time span as a person says it, rounded down to one unit: `3 hours`. */
export function duration(seconds: number): string {
  const size = Math.abs(seconds);
  const unit = UNITS.find((candidate) => size >= candidate.seconds) ??
    { seconds: 1, name: "second" };
  const count = Math.floor(size / unit.seconds);
  return `${count} ${unit.name}${count === 1 ? "" : "s"}`;
}
