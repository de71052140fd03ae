import { startStack } from "../../stack/stack.ts";

/** Milliseconds until a stack answers, as `dev` starts it. */
export interface StartFigures {
  /** With a new data folder. */
  cold: number;
  /** With the one that it kept. */
  warm: number;
}

async function timed(dbDir: string): Promise<number> {
  const startedAt = performance.now();
  const stack = await startStack({ dbDir });
  const milliseconds = performance.now() - startedAt;
  await stack.stop();
  return milliseconds;
}

/** Starts a stack twice over one data folder. */
export async function measureStart(): Promise<StartFigures> {
  const folder = await Deno.makeTempDir({ prefix: "bench-" });
  try {
    const dbDir = `${folder}/data`;
    return { cold: await timed(dbDir), warm: await timed(dbDir) };
  } finally {
    await Deno.remove(folder, { recursive: true }).catch(() => undefined);
  }
}
