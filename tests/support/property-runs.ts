const SCALE = Number(Deno.env.get("PROPERTY_SCALE") ?? 1);

/** How many cases a property is tried with, or how long a storm lasts; PROPERTY_SCALE=4 makes it four times as many. */
export function propertyRuns(usual: number): number {
  if (!(SCALE > 0)) throw new Error("PROPERTY_SCALE must be a number above 0");
  return Math.ceil(usual * SCALE);
}
