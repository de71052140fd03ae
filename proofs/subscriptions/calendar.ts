/** The units that plans are counted in. */
export type Unit = "day" | "week" | "month" | "year";

const SEOUL_OFFSET = 9 * 3_600_000;
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The start of period `index`, counted from the anchor with day and time of day in Seoul, clamped to the month. */
export function boundary(
  anchor: number,
  unit: Unit,
  count: number,
  index: number,
): number {
  const units = count * index;
  if (unit === "day") return anchor + units * DAY;
  if (unit === "week") return anchor + units * 7 * DAY;
  const local = new Date(anchor + SEOUL_OFFSET);
  const months = local.getUTCFullYear() * 12 + local.getUTCMonth() +
    units * (unit === "year" ? 12 : 1);
  const [year, month] = [Math.floor(months / 12), months % 12];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const day = Math.min(local.getUTCDate(), lastDay);
  const timeOfDay = (anchor + SEOUL_OFFSET) % DAY;
  return Date.UTC(year, month, day) + timeOfDay - SEOUL_OFFSET;
}

/** Five past the next midnight in Seoul. */
export function afterMidnight(time: number): number {
  const local = time + SEOUL_OFFSET;
  return local - local % DAY + DAY + 5 * MINUTE - SEOUL_OFFSET;
}
