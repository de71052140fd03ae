/** How much is asked for at once, and in all. */
export interface Load {
  connections: number;
  calls: number;
}

/** Something that does the same work as others. */
export interface Contender {
  name: string;
  /** Does that many calls; wall seconds. */
  run(load: Load): Promise<number>;
}

/** Middle, least and greatest of several rounds. */
export interface Spread {
  median: number;
  minimum: number;
  maximum: number;
}

/** Calls a second of one contender at one number of connections. */
export interface Rate extends Spread {
  name: string;
  connections: number;
}

/** Middle, least and greatest of these values. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: sorted[Math.floor(sorted.length / 2)] ?? 0,
    minimum: sorted[0] ?? 0,
    maximum: sorted.at(-1) ?? 0,
  };
}

/**
 * Lets each contender do the same work, round after round in a changing order, so that what else the machine does
 * meets all of them. One round before the first warms up and does not count.
 */
export async function holdContest(
  contenders: readonly Contender[],
  { rounds, loads }: { rounds: number; loads: readonly Load[] },
): Promise<Rate[]> {
  const found = new Map<
    string,
    { rate: Omit<Rate, keyof Spread>; each: number[] }
  >();
  for (let round = 0; round <= rounds; round++) {
    for (const load of loads) {
      for (let n = 0; n < contenders.length; n++) {
        const contender = contenders[(n + round) % contenders.length];
        if (contender === undefined) continue;
        const seconds = await contender.run(load);
        if (round === 0) continue;
        const { name } = contender;
        const { connections } = load;
        const key = `${name} ${connections}`;
        const known = found.get(key) ??
          { rate: { name, connections }, each: [] };
        known.each.push(load.calls / seconds);
        found.set(key, known);
      }
    }
  }
  return [...found.values()].map(({ rate, each }) => ({
    ...rate,
    ...spreadOf(each),
  }));
}

/** The rate of one contender at a number of connections. */
export function rateOf(
  rates: readonly Rate[],
  name: string,
  connections: number,
): number {
  const rate = rates.find((rate) =>
    rate.name === name && rate.connections === connections
  );
  if (rate === undefined) {
    throw new Error(`${name} was not measured at ${connections}`);
  }
  return rate.median;
}
