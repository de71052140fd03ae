import { FUNCTION_ACCESS } from "../../supabase/functions/_shared/http/access.ts";
import { prepareFunctionsRuntime } from "../../stack/functions-runtime.ts";
import { startFunctionsProcess } from "../../stack/functions-process.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import type { Samples } from "./samples.ts";

/** The version that Supabase's runtime is compatible with. */
export const HOSTED_DENO = "2.1.4";

const REPEATS = 5;

/** Starts a process, loads one function in it, and times the first answer. */
async function firstAnswer(
  name: string,
  runtime: { deno: string; lockArguments: string[] },
): Promise<number> {
  const running = await startFunctionsProcess({
    ...runtime,
    functionsDirectory: `${PROJECT_ROOT}/supabase/functions`,
    environment: { ...Deno.env.toObject() },
    log: () => {},
  });
  try {
    const sentAt = performance.now();
    // A method that no function has: answered by our code, without configuration and without the database.
    const answer = await fetch(`http://127.0.0.1:${running.port}/${name}`, {
      method: "PATCH",
    });
    await answer.body?.cancel();
    if (answer.status !== 405) {
      throw new Error(`${name} answers ${answer.status}`);
    }
    return performance.now() - sentAt;
  } finally {
    await running.kill();
  }
}

/** Times how long each function's code takes to load and answer once, on the hosted version of Deno. */
export async function measureBoot(): Promise<Map<string, Samples>> {
  const folder = await Deno.makeTempDir({ prefix: "measure-" });
  try {
    const runtime = await prepareFunctionsRuntime(HOSTED_DENO, folder);
    const found = new Map<string, Samples>();
    for (const name of Object.keys(FUNCTION_ACCESS).sort()) {
      // The first one fills the caches on the disk.
      await firstAnswer(name, runtime);
      const each: number[] = [];
      for (let n = 0; n < REPEATS; n++) {
        each.push(await firstAnswer(name, runtime));
      }
      each.sort((a, b) => a - b);
      found.set(name, { each, seconds: each.reduce((a, b) => a + b) / 1000 });
    }
    return found;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
