import { App } from "@supabase/lite";
import {
  createPostgresConnection,
  type PostgresConnection,
} from "@supabase/lite/postgres";
import { JWT_SECRET, PUBLISHABLE_KEY, SECRET_KEY } from "./keys.ts";

/** The local stand-in for Supabase's Data API and Auth server. */
export interface Lite {
  /** Answers requests below `/rest/v1` and `/auth/v1`. */
  fetch(request: Request, peerAddress: string): Promise<Response>;
  /** Creates the tables and functions of schema `auth`; safe to repeat. */
  createAuthSchema(): Promise<void>;
  stop(): Promise<void>;
}

function createApp(connection: PostgresConnection) {
  return new App({
    connection,
    auth: {
      enabled: true,
      jwt_secret: JWT_SECRET,
      publishable_key: PUBLISHABLE_KEY,
      secret_key: SECRET_KEY,
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
 * Connects the Data API and the Auth server to a database.
 *
 * `databaseUrl` must be the superuser's: the API changes to the role of each
 * request. The roles and the schemas must exist (see `sql/`).
 */
export function startLite(databaseUrl: string): Lite {
  const connection = createPostgresConnection({
    url: databaseUrl,
    postgresOptions: {
      max: 20,
      onnotice: () => {},
      prepare: true,
      types: { json: jsonText(114), jsonb: jsonText(3802) },
    },
  });
  const app = createApp(connection);
  return {
    fetch: (request, peerAddress) => app.fetch(request, { peerAddress }),
    createAuthSchema: () => app.ensureSystemSchema(),
    stop: () => connection.close(),
  };
}
