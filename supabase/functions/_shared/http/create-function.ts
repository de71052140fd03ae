import { type Context, Hono } from "hono";
import { secretValues } from "../config/secret-values.ts";
import { createServices, type Services } from "../services.ts";
import {
  FUNCTION_ACCESS,
  type FunctionName,
  MAXIMUM_BODY_BYTES,
} from "./access.ts";
import { AppError } from "./app-error.ts";
import { authenticate, type Caller } from "./authenticate.ts";
import { corsHeaders } from "./cors.ts";
import { errorResponse, toAppError } from "./error-response.ts";
import { createLogger, type Logger } from "../logger.ts";

/** What a handler gets besides the request. */
export interface RequestContext {
  services: Services;
  caller: Caller;
  logger: Logger;
  /** Stands in the answer's x-request-id, in each log line and in the audit log. */
  requestId: string;
  /** So many bytes of a body are read at most. */
  bodyLimit: number;
}

/** Answers one request; refusals are thrown as AppError. */
export type Handler = (
  request: Request,
  context: RequestContext,
) => Promise<Response>;

/** Handlers by method and path below the function, for example `{ "POST /": confirm }`. */
export type Routes = Readonly<Record<string, Handler>>;

/** What tests replace; the platform's own are the default. */
export interface FunctionOptions {
  environment?: () => Record<string, string>;
  fetch?: typeof fetch;
}

type Env = { Variables: { requestId: string; logger: Logger } };

const REQUEST_ID = /^[A-Za-z0-9_-]{8,64}$/;

/**
 * Makes an edge function: request id, CORS, authentication by the one access table, error answers and log lines
 * around its handlers.
 *
 * The environment is read at the first request and not at import, so that a missing variable is answered as
 * `not_configured` instead of the platform's boot error.
 */
export function createFunction(
  name: FunctionName,
  routes: Routes,
  options: FunctionOptions = {},
): { fetch(request: Request): Promise<Response> } {
  const access = FUNCTION_ACCESS[name];
  const isolate = createIsolate(options);
  const app = new Hono<Env>({ strict: false }).basePath(`/${name}`);

  app.use(async (context, next) => {
    const given = context.req.header("x-request-id") ?? "";
    const requestId = REQUEST_ID.test(given) ? given : crypto.randomUUID();
    const logger = createLogger({
      fields: { function: name, requestId },
      secrets: isolate.secrets(),
    });
    context.set("requestId", requestId);
    context.set("logger", logger);
    const startedAt = performance.now();
    await next();
    context.header("x-request-id", requestId);
    for (const [header, value] of isolate.corsFor(context.req.raw, access)) {
      context.header(header, value);
    }
    logger.info("request", {
      method: context.req.method,
      path: context.req.path,
      status: context.res.status,
      durationMs: Math.round(performance.now() - startedAt),
    });
  });

  if (access.browser) {
    app.options("*", (context) => context.body(null, 204));
  }
  for (const [route, handler] of Object.entries(routes)) {
    const [method = "", path = ""] = route.split(" ");
    app.on(method, path, async (context) => {
      // Hono lets HEAD run a GET handler, and link checkers send HEAD: that must not confirm a payment. Where it
      // does no harm, HEAD stands in the routes.
      if (!Object.hasOwn(routes, `${context.req.raw.method} ${path}`)) {
        refuseMethod(name, allowedMethods(routes, context.req.path, name));
      }
      const services = isolate.services();
      const { requestId, logger } = context.var;
      const caller = await authenticate(
        context.req.raw,
        services.config,
        access.modes,
        services.verifyUser,
      );
      const request = context.req.raw;
      const bodyLimit = MAXIMUM_BODY_BYTES[name];
      return await handler(request, {
        services,
        caller,
        logger,
        requestId,
        bodyLimit,
      });
    });
  }

  app.all("*", (context) => {
    const allowed = allowedMethods(routes, context.req.path, name);
    if (allowed.length === 0) {
      throw new AppError("not_found", `${name} has no such path.`);
    }
    refuseMethod(name, allowed);
  });
  app.onError((error, context) => refuse(error, context));
  return { fetch: async (request) => await app.fetch(request) };
}

function refuseMethod(name: string, allowed: string[]): never {
  throw new AppError(
    "method_not_allowed",
    `${name} takes ${allowed.join(" or ")} here.`,
    { headers: { allow: allowed.join(", ") } },
  );
}

function allowedMethods(
  routes: Routes,
  path: string,
  name: string,
): string[] {
  const below = path.slice(name.length + 1).replace(/\/$/, "");
  return Object.keys(routes)
    .filter((route) => route.slice(route.indexOf("/") + 1) === below.slice(1))
    .map((route) => route.slice(0, route.indexOf(" ")));
}

function refuse(thrown: Error, context: Context<Env>): Response {
  const { logger, requestId } = context.var;
  const error = toAppError(thrown);
  const level = error.code === "internal_error" ||
      error.code === "storage_unavailable" || error.code === "not_configured"
    ? "error"
    : "info";
  logger[level]("request_refused", {
    code: error.code,
    reason: error.message,
    cause: thrown instanceof AppError ? undefined : thrown.message,
    stack: error.code === "internal_error" ? thrown.stack : undefined,
  });
  return errorResponse(error, context.req.raw, requestId);
}

interface Isolate {
  services(): Services;
  secrets(): string[];
  corsFor(request: Request, access: { browser: boolean }): [string, string][];
}

/** The lazily built state of one isolate. */
function createIsolate(options: FunctionOptions): Isolate {
  const environment = options.environment ?? (() => Deno.env.toObject());
  let built: ReturnType<typeof createServices> | undefined;
  let secrets: string[] | undefined;
  const build = () =>
    built ??= createServices({
      environment: environment(),
      fetch: options.fetch ?? globalThis.fetch,
    });
  return {
    services() {
      const result = build();
      if (result.ok) return result.services;
      const named = result.problems.map(({ variable, problem }) =>
        `${variable} ${problem}`
      );
      throw new AppError("not_configured", named.join("; "), {
        details: result.problems.map(({ variable, problem }) => ({
          field: variable,
          problem,
        })),
      });
    },
    secrets: () => secrets ??= secretValues(environment()),
    corsFor(request, access) {
      const result = build();
      if (!access.browser || !result.ok) return [];
      const { allowedOrigins } = result.services.config.cors;
      return Object.entries(corsHeaders(request, allowedOrigins));
    },
  };
}
