/** Choices that follow from a seed alone. */
export interface Random {
  /** A whole number from `minimum` to `maximum`, both included. */
  integer(minimum: number, maximum: number): number;
  /** True in about `share` of the cases; 0 is never, 1 is always. */
  chance(share: number): boolean;
  /** One element. Throws a RangeError when there is none. */
  pick<Item>(items: readonly Item[]): Item;
}

/**
 * Makes a generator of choices from a 32 bit seed.
 *
 * The same seed gives the same choices on every machine. Source: the
 * mulberry32 generator (public domain), enough for choosing, not for secrets.
 */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (minimum: number, maximum: number) =>
    minimum + Math.floor(next() * (maximum - minimum + 1));
  return {
    integer,
    chance: (share) => next() < share,
    pick(items) {
      const item = items[integer(0, items.length - 1)];
      if (item === undefined) throw new RangeError("nothing to pick from");
      return item;
    },
  };
}
