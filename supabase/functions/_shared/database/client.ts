import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { z } from "zod";

/** Longer than any of our SQL functions takes, shorter than a caller's patience. */
const CALL_TIMEOUT_MILLISECONDS = 10_000;

/** The pauses between tries of a call that must not be lost; 1.5 s in all, inside Toss's and the buyer's patience. */
const RETRY_PAUSES_MILLISECONDS = [100, 400, 1_000];

/** The database did not do what was asked, or its answer was not understood; nothing is known about the effect. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
}

/** What connects to the project's REST endpoint; `fetch` enters so that tests can cut and count. */
export interface DatabaseOptions {
  url: string;
  secretKey: string;
  fetch: typeof fetch;
}

/** Calls SQL functions that take one jsonb argument named `request` and answer one jsonb. */
export interface Database {
  call<Schema extends z.ZodType>(
    name: string,
    request: Record<string, unknown>,
    schema: Schema,
  ): Promise<z.output<Schema>>;
}

/** A Supabase client for server code: no session is kept, refreshed or read from the address bar. */
export function createServerClient(
  { url, secretKey, fetch }: DatabaseOptions,
): SupabaseClient {
  return createClient(url, secretKey, {
    auth: {
      persistSession: false,
      autoRefreshToken: false,
      detectSessionInUrl: false,
    },
    global: { fetch },
  });
}

/**
 * Typed access to the SQL functions, each one transaction and one round trip.
 *
 * @throws DatabaseError when the database cannot be reached, refuses, or answers in another shape
 */
export function createDatabase(client: SupabaseClient): Database {
  return {
    async call(name, request, schema) {
      const { data, error } = await client.rpc(name, { request })
        .abortSignal(AbortSignal.timeout(CALL_TIMEOUT_MILLISECONDS));
      if (error !== null) {
        // PostgREST's message can quote row values; the code alone is safe to log.
        throw new DatabaseError(`${name} failed: ${error.code || "network"}`);
      }
      const parsed = schema.safeParse(data);
      if (!parsed.success) {
        throw new DatabaseError(`${name} answered in an unknown shape`);
      }
      return parsed.data;
    },
  };
}

/**
 * A database that calls again when a call fails, for idempotent calls that carry Toss's answer.
 *
 * At most {@link RETRY_PAUSES_MILLISECONDS} more tries; after the last one the error is the caller's.
 */
export function withRetries(
  database: Database,
  pause: (milliseconds: number) => Promise<void> = wait,
): Database {
  return {
    async call(name, request, schema) {
      for (const milliseconds of RETRY_PAUSES_MILLISECONDS) {
        try {
          return await database.call(name, request, schema);
        } catch {
          await pause(milliseconds);
        }
      }
      return await database.call(name, request, schema);
    },
  };
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
