import { createHash } from "node:crypto";
import { type Context, Hono } from "hono";
import postgres from "postgres";
import { readUpload, type Upload, uploadSize } from "./upload.ts";

/** A project as the stand-in keeps it. */
export interface ManagementApi {
  /** `http://127.0.0.1:<port>` */
  url: string;
  /** Every request that may have changed something: `METHOD /path` below the project. */
  changes: string[];
  /** Deployed functions by name, each with what was uploaded last. */
  functions: Map<string, Upload | null>;
  /** Secrets of the functions by name. */
  secrets: Map<string, string>;
  /** Functions whose upload is answered 500. */
  brokenFunctions: Set<string>;
  stop(): Promise<void>;
}

/** What the stand-in answers with. */
export interface ManagementApiOptions {
  projectRef: string;
  accessToken: string;
  /** Connection string of a role. */
  databaseUrl(role: string): string;
  secretKey: string;
  publishableKey: string;
  /** Is told of each function that was deployed. */
  onDeploy?: (upload: Upload) => Promise<void>;
}

/** The most that the platform takes when it bundles on its side. Source: Supabase, Edge Function bundle size. */
export const LIMIT_BYTES = 5_000_000;

interface Query {
  query: string;
  read_only?: boolean;
}

// The platform runs statements as postgres, and those that only read as a role of their own.
async function runQuery(
  databaseUrl: (role: string) => string,
  { query, read_only: readOnly = false }: Query,
): Promise<unknown[]> {
  const role = readOnly ? "supabase_read_only_user" : "postgres";
  const sql = postgres(databaseUrl(role), { max: 1, onnotice: () => {} });
  try {
    if (readOnly) await sql`set default_transaction_read_only = on`;
    return [...await sql.unsafe(query).simple()];
  } finally {
    await sql.end();
  }
}

function describeFunction(name: string, upload: Upload | null) {
  return {
    id: `id-of-${name}`,
    slug: name,
    name,
    status: "ACTIVE",
    version: 1,
    created_at: 1,
    updated_at: 1,
    verify_jwt: upload?.metadata.verify_jwt ?? true,
  };
}

function addFunctionRoutes(
  app: Hono,
  api: ManagementApi,
  { onDeploy }: ManagementApiOptions,
): void {
  app.get("/functions", (context) =>
    context.json(
      [...api.functions].map(([name, upload]) =>
        describeFunction(name, upload)
      ),
    ));
  app.post("/functions/deploy", async (context) => {
    const name = context.req.query("slug") ?? "";
    const upload = await readUpload(context.req.raw);
    if (uploadSize(upload) > LIMIT_BYTES) {
      const message =
        "Function source code exceeds the maximum deployment size";
      return context.json({ message }, 413);
    }
    if (api.brokenFunctions.has(name)) {
      return context.json({ message: "Function deploy failed" }, 500);
    }
    api.functions.set(name, upload);
    await onDeploy?.(upload);
    return context.json(describeFunction(name, upload), 201);
  });
  app.delete("/functions/:name", (context) => {
    const isKnown = api.functions.delete(context.req.param("name"));
    return context.body(null, isKnown ? 200 : 404);
  });
}

function addSecretRoutes(app: Hono, { secrets }: ManagementApi): void {
  const digest = (value: string) =>
    createHash("sha256").update(value).digest("hex");
  app.get("/secrets", (context) =>
    context.json(
      [...secrets].map(([name, value]) => ({ name, value: digest(value) })),
    ));
  app.post("/secrets", async (context) => {
    const given: { name: string; value: string }[] = await context.req.json();
    for (const { name, value } of given) secrets.set(name, value);
    return context.body(null, 201);
  });
  app.delete("/secrets", async (context) => {
    const names: string[] = await context.req.json();
    for (const name of names) secrets.delete(name);
    return context.body(null, 200);
  });
}

function addProjectRoutes(app: Hono, options: ManagementApiOptions): void {
  const { projectRef, databaseUrl, secretKey, publishableKey } = options;
  app.get("/", (context) =>
    context.json({
      id: projectRef,
      ref: projectRef,
      organization_id: "organization",
      organization_slug: "organization",
      name: "Rehearsal",
      region: "ap-northeast-2",
      created_at: "2026-11-21T00:00:00Z",
      status: "ACTIVE_HEALTHY",
      database: {
        host: `db.${projectRef}.invalid`,
        version: "17",
        postgres_engine: "17",
        release_channel: "ga",
      },
    }));
  app.get("/config/database/pooler", (context) => context.json([]));
  app.get("/api-keys", (context) =>
    context.json([
      {
        id: "1",
        type: "publishable",
        name: "default",
        api_key: publishableKey,
      },
      { id: "2", type: "secret", name: "default", api_key: secretKey },
    ]));
  app.post("/database/query", async (context) => {
    try {
      const query: Query = await context.req.json();
      return context.json(await runQuery(databaseUrl, query), 201);
    } catch (error) {
      if (!(error instanceof postgres.PostgresError)) throw error;
      const detail = error.detail ? `\nDETAIL:  ${error.detail}` : "";
      const message =
        `Failed to run sql query: ERROR:  ${error.code}: ${error.message}${detail}`;
      return context.json({ message }, 400);
    }
  });
}

async function mayChange({ req }: Context): Promise<boolean> {
  if (req.method === "GET") return false;
  if (!req.path.endsWith("/database/query")) return true;
  const query: Query = await req.json();
  return query.read_only !== true;
}

/**
 * Starts a stand-in of Supabase's management API for one project, on 127.0.0.1.
 *
 * It keeps what it is told and runs queries in a real database. Whatever it does not know is answered 404.
 */
export function startManagementApi(
  options: ManagementApiOptions,
): ManagementApi {
  const projectPath = `/v1/projects/${options.projectRef}`;
  const changes: string[] = [];
  const app = new Hono({ strict: false }).basePath(projectPath);
  app.use(async (context: Context, next) => {
    const { path, raw } = context.req;
    if (await mayChange(context)) {
      const { search } = new URL(raw.url);
      changes.push(`${raw.method} ${path.slice(projectPath.length)}${search}`);
    }
    if (raw.headers.get("authorization") !== `Bearer ${options.accessToken}`) {
      return context.json({ message: "Unauthorized" }, 401);
    }
    await next();
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => app.fetch(request),
  );
  const api: ManagementApi = {
    url: `http://127.0.0.1:${server.addr.port}`,
    changes,
    functions: new Map(),
    secrets: new Map(),
    brokenFunctions: new Set(),
    stop: () => server.shutdown(),
  };
  addProjectRoutes(app, options);
  addFunctionRoutes(app, api, options);
  addSecretRoutes(app, api);
  return api;
}
