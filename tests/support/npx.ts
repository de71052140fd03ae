import { join } from "node:path";

// npm's start-up takes a second and half of it a processor; other tests pay for it.
const NPX = `#!/bin/sh
if [ "$1 $2" = "-y deno" ]; then shift 2; exec "$DENO" "$@"; fi
PATH=\${PATH#*:} exec npx "$@"
`;

let folder: string | undefined;

/** The variables of a shell whose `npx -y deno` is the Deno that runs the tests. */
export function shellVariables(): Record<string, string> {
  if (folder === undefined) {
    const made = Deno.makeTempDirSync({ prefix: "npx-" });
    Deno.writeTextFileSync(join(made, "npx"), NPX, { mode: 0o755 });
    globalThis.addEventListener(
      "unload",
      () => Deno.removeSync(made, { recursive: true }),
    );
    folder = made;
  }
  return {
    PATH: `${folder}:${Deno.env.get("PATH")}`,
    DENO: Deno.execPath(),
  };
}
