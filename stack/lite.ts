import { App } from "@supabase/lite";
import {
  createPostgresConnection,
  type PostgresConnection,
} from "@supabase/lite/postgres";
import bcrypt from "bcryptjs";
import { saveRoundTrips } from "./fewer-round-trips.ts";
import type { ApiKeys } from "./local-secrets.ts";

/** The local stand-in for Supabase's Data API and Auth server. */
export interface Lite {
  /** Answers requests below `/rest/v1` and `/auth/v1`. */
  fetch(request: Request, peerAddress: string): Promise<Response>;
  /** Creates the tables and functions of schema `auth`; safe to repeat. */
  createAuthSchema(): Promise<void>;
  /**
   * Connects anew after `restart`, during which every request is answered 503.
   *
   * The driver must not see the server go: a write that waits for the next
   * turn of the event loop then ends the process, or its connection stays
   * silent for ever (github.com/porsager/postgres/issues/1208 and 1154).
   */
  survive(restart: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

function unavailable(): Response {
  const message = "Could not connect with the database.";
  return Response.json({ code: "PGRST001", message }, { status: 503 });
}

function createApp(connection: PostgresConnection, keys: ApiKeys) {
  return new App({
    connection,
    auth: {
      enabled: true,
      jwt_secret: keys.jwtSecret,
      publishable_key: keys.publishableKey,
      secret_key: keys.secretKey,
    },
    options: {
      // With admin mode a request without a key would act as service_role, and
      // a missing key would go unnoticed until the first hosted deployment.
      server: { admin: false, disableStudio: true, disableFallback: true },
    },
  });
}

// The Data API hands json arguments over as text, and the driver would encode
// that text once more, so that a function got a json string.
function jsonText(typeId: number) {
  return {
    to: typeId,
    from: [typeId],
    serialize: (value: unknown) =>
      typeof value === "string" ? value : JSON.stringify(value),
    parse: (text: string): unknown => JSON.parse(text),
  };
}

/**
 * Takes the texts of the views out of what the Data API knows of the schema.
 *
 * It would search them with two patterns for each column at every request, for types that only SQLite lacks.
 */
function forgetViewTexts(connection: PostgresConnection): void {
  const introspect = connection.introspect.bind(connection);
  connection.introspect = async (options) => {
    const schema = await introspect(options);
    for (const view of schema.views) view.sql = "";
    return schema;
  };
}

function connect(databaseUrl: string, keys: ApiKeys) {
  const connection = createPostgresConnection({
    url: databaseUrl,
    postgresOptions: {
      // Each plans every function anew.
      max: 6,
      onnotice: () => {},
      prepare: true,
      types: { json: jsonText(114), jsonb: jsonText(3802) },
    },
  });
  // At the first request of a role it would grant everything in every schema to
  // every API role, which no hosted project does and which hides a missing grant.
  Reflect.set(connection, "rlsState", "active");
  saveRoundTrips(connection.driver);
  forgetViewTexts(connection);
  return { connection, app: createApp(connection, keys) };
}

/**
 * Lets the Auth server hash with the fewest rounds that bcrypt has.
 *
 * Passwords of this machine are nobody's, and a hash that slows a thief down slows every sign-up of a test: by a
 * tenth of a second of a processor.
 */
function hashQuickly(): void {
  const hash = bcrypt.hash;
  const QUICK_ROUNDS = 4;
  bcrypt.hash = (password: string) => hash(password, QUICK_ROUNDS);
}

hashQuickly();

/** A connection whose answer was lost would never end by itself. */
const STOP_SECONDS = 5;

/**
 * Connects the Data API and the Auth server to a database.
 *
 * `databaseUrl` must be the superuser's: the API changes to the role of each
 * request. The roles and the schemas must exist (see `sql/`).
 */
export function startLite(databaseUrl: string, keys: ApiKeys): Lite {
  let { connection, app } = connect(databaseUrl, keys);
  let isConnected = true;
  const waiting = new Set<(answer: Response) => void>();
  return {
    async fetch(request, peerAddress) {
      if (!isConnected) return unavailable();
      const { promise, resolve, reject } = Promise.withResolvers<Response>();
      waiting.add(resolve);
      app.fetch(request, { peerAddress }).then(resolve, reject);
      return await promise.finally(() => waiting.delete(resolve));
    },
    createAuthSchema: () => app.ensureSystemSchema(),
    async survive(restart) {
      isConnected = false;
      for (const resolve of waiting) resolve(unavailable());
      await connection.driver.end({ timeout: 0 });
      await restart();
      ({ connection, app } = connect(databaseUrl, keys));
      // Else the first requests would all do it, and some would fail.
      await app.ensureSystemSchema();
      isConnected = true;
    },
    stop: () => connection.driver.end({ timeout: STOP_SECONDS }),
  };
}
