import { describeProcess } from "../../stack/describe-process.ts";
import { isProcessAlive } from "../../stack/process-alive.ts";

async function findWrappers(): Promise<number[]> {
  const wrappers: number[] = [];
  let process = await describeProcess(Deno.ppid);
  while (process !== null && /\bdeno\b/.test(process.command)) {
    wrappers.push(process.pid);
    process = await describeProcess(process.parent);
  }
  return wrappers;
}

/**
 * Calls back when one of the programs that started this one has ended.
 *
 * `npx deno task dev` is a chain of programs, and one in the middle (the npm
 * package's starter) passes no signal on: a SIGTERM or SIGKILL to its head
 * would leave the stack running. Only the chain's own links are watched, so
 * that a stack may outlive the shell that put it into the background.
 *
 * Returns the function that ends the watch.
 */
export async function watchWrappers(onEnd: () => void): Promise<() => void> {
  const wrappers = await findWrappers();
  const timer = setInterval(() => {
    if (wrappers.every(isProcessAlive)) return;
    clearInterval(timer);
    onEnd();
  }, 500);
  return () => clearInterval(timer);
}
