/** The next number from 0 (included) to 1 (not included). */
export type Dice = () => number;

/**
 * Makes numbers that follow from a 32 bit seed alone.
 *
 * Source: the splitmix32 generator (public domain); enough for choosing, not
 * for secrets.
 */
export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
