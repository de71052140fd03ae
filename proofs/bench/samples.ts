/** How long each of many calls took, and all of them together. */
export interface Samples {
  /** Milliseconds, ascending. */
  each: readonly number[];
  /** Wall seconds from the first call to the last answer. */
  seconds: number;
}

/** Makes calls of the same kind, `senders` at a time, and times each. */
export async function sample(
  calls: readonly (() => Promise<void>)[],
  senders: number,
): Promise<Samples> {
  const each: number[] = [];
  let next = 0;
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: senders }, async () => {
    for (let call = calls[next++]; call !== undefined; call = calls[next++]) {
      const sentAt = performance.now();
      await call();
      each.push(performance.now() - sentAt);
    }
  }));
  const seconds = (performance.now() - startedAt) / 1000;
  return { each: each.sort((a, b) => a - b), seconds };
}

/** The value below which this share of the samples lies, in milliseconds. */
function quantile({ each }: Samples, share: number): number {
  return each[Math.min(each.length - 1, Math.floor(each.length * share))] ?? 0;
}

/** One line for the table: median, 95th percentile, calls a second. */
export function describeSamples(samples: Samples): string[] {
  return [
    `${quantile(samples, 0.5).toFixed(1)} ms`,
    `${quantile(samples, 0.95).toFixed(1)} ms`,
    `${(samples.each.length / samples.seconds).toFixed(0)} /s`,
  ];
}
