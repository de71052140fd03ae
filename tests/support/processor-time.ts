/**
 * Milliseconds of processor time that this thread has used, so that other work of the machine does not count. Where the
 * kernel does not tell (only Linux does), the clock.
 */
export function processorTime(): number {
  try {
    const [nanoseconds] = Deno.readTextFileSync("/proc/thread-self/schedstat")
      .split(" ");
    return Number(nanoseconds) / 1e6;
  } catch {
    return performance.now();
  }
}
