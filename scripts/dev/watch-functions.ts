/**
 * Calls back when a file of the edge functions has changed.
 *
 * Changes within 150 ms count as one: an editor writes a file in several
 * steps. Returns the function that ends the watch.
 */
export function watchFunctions(
  folder: string,
  onChange: () => void,
): () => void {
  const watcher = Deno.watchFs(folder);
  let timer: ReturnType<typeof setTimeout> | undefined;
  (async () => {
    for await (const event of watcher) {
      const source = event.paths.some((path) => /\.(ts|json)$/.test(path));
      if (event.kind === "access" || !source) continue;
      clearTimeout(timer);
      timer = setTimeout(onChange, 150);
    }
  })();
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
