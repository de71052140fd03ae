import { isLoopbackHost } from "./loopback.ts";

function refusal(message: string): Response {
  return Response.json({ error: { message } }, { status: 403 });
}

/** The API, which a secret key opens, and the script for shops' pages; both are made for strangers. */
const OPEN_PATHS = /^\/(?:v1|v2)\//;

/**
 * Keeps the simulator to this machine and its own pages: what a request may not do here, or null.
 *
 * The control API and the windows ask for no key. A page of elsewhere can post a form to them, and one that rebinds
 * its name could read them too; a program of the developer sends no `Origin`.
 */
export function guardSimulator(
  request: Request,
  publicUrl: string,
): Response | null {
  const host = request.headers.get("host") ?? "";
  if (!isLoopbackHost(host) && host !== new URL(publicUrl).host) {
    return refusal("The simulator answers under a name of this machine alone.");
  }
  const origin = request.headers.get("origin");
  const { pathname } = new URL(request.url);
  if (origin === null || OPEN_PATHS.test(pathname)) return null;
  const own = [`http://${host}`, new URL(publicUrl).origin];
  return own.includes(origin)
    ? null
    : refusal("Pages of elsewhere do not drive the simulator.");
}
