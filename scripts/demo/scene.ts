import type { Shop } from "./shop.ts";

/** One line of the demo's table. */
export interface Step {
  what: string;
  /** What came of it, in the system's own words. */
  result: string;
  /** Whether it is what it should be. */
  isExpected: boolean;
}

/** A piece of a shop's life. */
export interface Scene {
  title: string;
  play(shop: Shop): Promise<Step[]>;
}

/** An amount as a person reads it, for example `22,800`. */
export function grouped(amount: unknown): string {
  return Number(amount).toLocaleString("en");
}

/** A step whose result must be one exact text. */
export function expectStep(
  what: string,
  result: string,
  expected: string,
): Step {
  const isExpected = result === expected;
  return {
    what,
    result: isExpected ? result : `${result} (expected ${expected})`,
    isExpected,
  };
}
