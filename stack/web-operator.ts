import { extname, join, normalize } from "node:path";
import { isLoopbackHost } from "../simulator/loopback.ts";
import { PROJECT_ROOT } from "./paths.ts";

/** The page's settings, as it reads them from `config.json` beside it. */
export interface OperatorPageSettings {
  /** The project that the page works on, without `/rest/v1`. */
  projectUrl: string;
}

const FOLDER = join(PROJECT_ROOT, "examples", "operator");

const CONTENT_TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};

/** Nobody may frame the page, and no address of it is told to others. */
const HEADERS = {
  "content-security-policy": "frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

const RELAY = "/operator/relay";

/** What the page asks of a project: rows are only read, everything else is a function's. */
const RELAYED: Readonly<Record<string, RegExp>> = {
  GET: /^\/(?:rest\/v1\/|functions\/v1\/[\w-]*health$)/,
  POST: /^\/functions\/v1\//,
};

const REQUEST_HEADERS = [
  "apikey",
  "authorization",
  "content-type",
  "accept-profile",
];

const ANSWER_HEADERS = ["content-type", "x-request-id", "retry-after"];

function chosen(headers: Headers, names: readonly string[]): Headers {
  return new Headers(names.flatMap((name): [string, string][] => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value]];
  }));
}

function refusal(status: number, message: string): Response {
  return Response.json({ message }, { status, headers: HEADERS });
}

/**
 * Hands a request of the page on to the project: Supabase refuses a secret key that comes from a browser.
 *
 * The key is the page's own: nothing is added here, so whoever else reaches this address gains nothing by it. Another
 * page could not send the header `apikey` without a preflight, which is answered with no permission.
 */
async function relay(
  request: Request,
  path: string,
  { projectUrl }: OperatorPageSettings,
): Promise<Response> {
  if (!isLoopbackHost(request.headers.get("host") ?? "")) {
    return refusal(403, "The page is for this machine alone.");
  }
  if (!RELAYED[request.method]?.test(path) || !request.headers.has("apikey")) {
    return refusal(404, "There is nothing at this address.");
  }
  const headers = chosen(request.headers, REQUEST_HEADERS);
  headers.set("user-agent", "supabase-tosspayments");
  try {
    const answer = await fetch(
      `${projectUrl}${path}${new URL(request.url).search}`,
      {
        method: request.method,
        headers,
        body: request.method === "GET" ? null : await request.arrayBuffer(),
        redirect: "manual",
      },
    );
    return new Response(answer.body, {
      status: answer.status,
      headers: [
        ...chosen(answer.headers, ANSWER_HEADERS),
        ...Object.entries(HEADERS),
      ],
    });
  } catch {
    return refusal(502, "The project cannot be reached.");
  }
}

async function file(path: string): Promise<Response> {
  const name = path === "/" ? "/index.html" : path;
  // normalize() of an absolute path cannot climb above it.
  const content = await Deno.readFile(join(FOLDER, normalize(name)))
    .catch(() => null);
  if (content === null) {
    return refusal(404, "There is nothing at this address.");
  }
  const type = CONTENT_TYPES[extname(name)] ?? "text/plain; charset=utf-8";
  return new Response(content, {
    headers: { ...HEADERS, "content-type": type },
  });
}

/** Answers what lies under `/operator`: the page of `examples/operator` with its settings; null for anything else. */
export async function answerOperatorPage(
  request: Request,
  settings: OperatorPageSettings,
): Promise<Response | null> {
  const { pathname } = new URL(request.url);
  if (pathname === "/operator") {
    return new Response(null, {
      status: 308,
      headers: { location: "/operator/" },
    });
  }
  if (!pathname.startsWith("/operator/")) return null;
  if (pathname.startsWith(`${RELAY}/`)) {
    return await relay(request, pathname.slice(RELAY.length), settings);
  }
  if (request.method !== "GET") return refusal(405, "GET alone.");
  if (pathname === "/operator/config.json") {
    return Response.json(settings, { headers: HEADERS });
  }
  return await file(decodeURIComponent(pathname.slice("/operator".length)));
}
