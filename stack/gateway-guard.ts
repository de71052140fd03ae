import { isLoopbackHost, isLoopbackOrigin } from "../simulator/loopback.ts";

/** What the guard knows of the stack. */
export interface GuardOptions {
  secretKey: string;
}

/** Functions that no page calls (`browser: false` in the functions' access table). */
const NO_PAGES = /^\/functions\/v1\/(?:webhook|worker|billing-charge)(?:\/|$)/;

function refusal(status: number, message: string): Response {
  return Response.json({ message }, { status });
}

function isWebhook(request: Request): boolean {
  const { pathname } = new URL(request.url);
  return request.method === "POST" &&
    /^\/functions\/v1\/webhook\/?$/.test(pathname);
}

/** Whether the request came under a name that is not this machine's: through a tunnel, or a page that rebinds its name. */
function isFromOutside(request: Request): boolean {
  const forwarded = request.headers.get("x-forwarded-host");
  const hosts = [
    request.headers.get("host") ?? "",
    ...(forwarded === null ? [] : forwarded.split(",")),
  ];
  return !hosts.every((host) => isLoopbackHost(host.trim()));
}

function bringsSecretKey(request: Request, secretKey: string): boolean {
  const { headers } = request;
  return headers.get("apikey") === secretKey ||
    (headers.get("authorization") ?? "").endsWith(` ${secretKey}`);
}

/**
 * Keeps the local stack to this machine: what a request may not do here, or null.
 *
 * Through a tunnel only Toss has business, and only with `POST webhook`. A page of elsewhere may use the publishable
 * key like any shop's page, but neither the secret key, as on the platform, nor what only machines call.
 */
export function guardRequest(
  request: Request,
  { secretKey }: GuardOptions,
): Response | null {
  if (isFromOutside(request) && !isWebhook(request)) {
    return refusal(
      403,
      "Under this name the local stack takes POST /functions/v1/webhook alone.",
    );
  }
  const origin = request.headers.get("origin");
  if (origin === null || isLoopbackOrigin(origin)) return null;
  if (bringsSecretKey(request, secretKey)) {
    return refusal(403, "The secret key does not belong into a page.");
  }
  return NO_PAGES.test(new URL(request.url).pathname)
    ? refusal(403, "Pages do not call this function.")
    : null;
}

/** Lets through what Toss sends, for the port that a tunnel may lead to; null for that. */
export function guardWebhookPort(request: Request): Response | null {
  if (!isWebhook(request)) {
    return refusal(404, "This port takes POST /functions/v1/webhook alone.");
  }
  return request.headers.get("origin") === null
    ? null
    : refusal(403, "Pages do not call this function.");
}
