import { answerOperatorPage } from "../../stack/web-operator.ts";
import { StopError } from "../door/errors.ts";
import { commandEnvironment } from "../project/command-environment.ts";
import { openProject } from "../project/open-project.ts";
import type { Options } from "./command.ts";

/** The key is typed into the page; only where the project is matters here. */
function withoutKey(environment: Record<string, string>) {
  return environment.SUPABASE_URL === undefined
    ? environment
    : { ...environment, SUPABASE_SECRET_KEY: "typed into the page" };
}

/** Serves the page until it is told to end. */
export async function run({ port }: Options): Promise<number> {
  const { url } = await openProject(withoutKey(commandEnvironment()));
  const settings = { projectUrl: url };
  const ended = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    if (Deno.build.os === "windows" && signal !== "SIGINT") continue;
    Deno.addSignalListener(signal, () => ended.resolve());
  }
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve(
      { hostname: "127.0.0.1", port, onListen: () => {} },
      async (request) =>
        await answerOperatorPage(request, settings) ??
          Response.redirect(new URL("/operator/", request.url), 302),
    );
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new StopError(
      `Port ${port} is already in use. Choose another one with --port.`,
    );
  }
  console.log(
    `http://127.0.0.1:${server.addr.port}/operator/  (project: ${url})`,
  );
  await ended.promise;
  await server.shutdown();
  return 0;
}
