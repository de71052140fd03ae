import postgres, { type Sql } from "postgres";
import { type StackClock, startClock } from "./clock.ts";
import { findCronJob, runCronJob, startCron } from "./cron.ts";
import { personaliseDatabase, prepareDatabase, renewJobs } from "./database.ts";
import { databaseTemplate } from "./database-template.ts";
import type { FunctionsPool } from "./functions-pool.ts";
import { createFunctionsProxy } from "./functions-proxy.ts";
import { startFunctions } from "./functions.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { type Lite, startLite } from "./lite.ts";
import { loadLocalSecrets, type LocalSecrets } from "./local-secrets.ts";
import { startNet } from "./net.ts";
import { type Outside, startOutside } from "./outside.ts";
import { freePort } from "./ports.ts";
import { type PostgresServer, startPostgres, SUPERUSER } from "./postgres.ts";
import { openStackDirectory, type StackDirectory } from "./stack-directory.ts";
import {
  PROJECT_MIGRATIONS,
  type StackSettings,
  stackSettings,
} from "./stack-settings.ts";
import type { Stack, StackOptions } from "./stack-types.ts";

export type { Stack, StackOptions };

interface Parts {
  settings: StackSettings;
  cleanup: AsyncDisposableStack;
  directory: StackDirectory;
  gateway: Gateway;
  apiUrl: string;
  secrets: LocalSecrets;
  outside: Outside;
  postgres: PostgresServer;
  /** The database is a copy of one that has the migrations already. */
  isPrepared: boolean;
  sql: Sql;
  lite: Lite;
}

async function startServers(
  settings: StackSettings,
  cleanup: AsyncDisposableStack,
): Promise<Parts> {
  const directory = await openStackDirectory(settings.dbDir, settings.reset);
  cleanup.defer(() => directory.release());
  const gateway = startGateway(settings);
  cleanup.defer(() => gateway.stop());
  const apiUrl = `http://127.0.0.1:${gateway.port}`;
  const secrets = await loadLocalSecrets(directory.path);
  const outside = await startOutside({ settings, apiUrl, secrets, cleanup });
  // Migrations of a test's own are used once and are not worth a template.
  const template = directory.temporary &&
      settings.migrationsDirectory === PROJECT_MIGRATIONS
    ? await databaseTemplate(settings.migrationsDirectory, settings.log)
    : null;
  const server = await startPostgres({
    directory: directory.path,
    port: settings.dbPort || freePort(),
    temporary: directory.temporary,
    template,
    log: settings.log,
  });
  cleanup.defer(() => server.stop());
  const sql = postgres(server.url(SUPERUSER), { max: 10, onnotice: () => {} });
  // A connection whose answer was lost would never end by itself.
  cleanup.defer(() => sql.end({ timeout: 5 }));
  const lite = startLite(server.url(SUPERUSER), secrets);
  cleanup.defer(() => lite.stop());
  const parts = { directory, gateway, apiUrl, secrets, outside, sql, lite };
  const isPrepared = template !== null;
  return { settings, cleanup, postgres: server, isPrepared, ...parts };
}

async function fillDatabase(parts: Parts): Promise<void> {
  const { settings, outside, sql } = parts;
  if (parts.isPrepared) {
    await renewJobs(sql);
  } else {
    await prepareDatabase(parts.postgres, { sql, lite: parts.lite }, {
      migrationsDirectory: settings.migrationsDirectory,
      log: settings.log,
    });
  }
  await personaliseDatabase(parts.postgres, sql, {
    seedFile: settings.seed ? settings.seedFile : null,
    vaultSecrets: {
      supabase_tosspayments_url: parts.apiUrl,
      supabase_tosspayments_cron_secret: outside.variables.CRON_SECRET ?? "",
    },
  });
  const net = await startNet({
    sql,
    databaseUrl: parts.postgres.url(SUPERUSER),
  }, settings.log);
  parts.cleanup.defer(() => net.stop());
  if (!settings.cron) return;
  const cron = startCron(sql, settings.log);
  parts.cleanup.defer(() => cron.stop());
}

async function startPool(parts: Parts): Promise<FunctionsPool> {
  const pool = await startFunctions({
    settings: parts.settings,
    apiUrl: parts.apiUrl,
    keys: parts.secrets,
    directory: parts.directory.path,
    variables: parts.outside.variables,
    postgres: parts.postgres,
  });
  parts.cleanup.defer(() => pool.stop());
  return pool;
}

function openGateway(
  parts: Parts,
  functions: FunctionsPool,
): Stack["restRequests"] {
  const restRequests: Stack["restRequests"] = [];
  const proxy = createFunctionsProxy(functions);
  parts.cleanup.defer(() => proxy.stop());
  parts.gateway.open({
    lite: parts.lite.fetch,
    functions: proxy.fetch,
    secretKey: parts.secrets.secretKey,
    intercept: parts.settings.intercept,
    onRestRequest(request) {
      restRequests.push({ ...request, at: new Date() });
      parts.settings.onRestRequest(request);
    },
  });
  return restRequests;
}

async function settled(functions: FunctionsPool): Promise<void> {
  await (await functions.current()).settled();
}

function startStackClock(
  { sql, outside }: Parts,
  functions: FunctionsPool,
): Promise<StackClock> {
  return startClock({
    sql,
    simulator: outside.simulator,
    tossSecretKey: outside.variables.TOSS_SECRET_KEY ?? "",
    functionsSettled: () => settled(functions),
  });
}

function stackOf(
  parts: Parts,
  functions: FunctionsPool,
  clock: StackClock,
): Stack {
  const { outside, sql, apiUrl, secrets } = parts;
  const addresses = {
    apiUrl,
    functionsUrl: `${apiUrl}/functions/v1`,
    dbUrl: parts.postgres.url("postgres"),
    publishableKey: secrets.publishableKey,
    secretKey: secrets.secretKey,
    jwtSecret: secrets.jwtSecret,
    cronSecret: outside.variables.CRON_SECRET ?? "",
    tossApiBaseUrl: outside.variables.TOSS_API_BASE_URL ?? "",
  };
  return {
    ...addresses,
    simulator: outside.simulator,
    providers: outside.providers,
    webUrl: outside.web?.url ?? null,
    async buildShop() {
      if (outside.shop === null) throw new Error("this stack has no shop");
      return await outside.shop.build();
    },
    webhookPort: parts.gateway.webhookPort,
    sql,
    restRequests: openGateway(parts, functions),
    projectVariables: outside.variables,
    killFunctions: () => functions.kill(),
    reloadFunctions: () => functions.reload(),
    ...clock,
    functionsSettled: () => settled(functions),
    restartPostgres: (options) =>
      parts.lite.survive(() => parts.postgres.restart(options)),
    async runCronJob(name) {
      const job = await findCronJob(sql, name);
      if (job === null) throw new Error(`there is no cron job ${name}`);
      await runCronJob(sql, job);
    },
    variables: () => ({
      API_URL: addresses.apiUrl,
      DB_URL: addresses.dbUrl,
      PUBLISHABLE_KEY: addresses.publishableKey,
      SECRET_KEY: addresses.secretKey,
      JWT_SECRET: addresses.jwtSecret,
      FUNCTIONS_URL: addresses.functionsUrl,
      TOSS_API_BASE_URL: addresses.tossApiBaseUrl,
      CRON_SECRET: addresses.cronSecret,
      ...outside.web === null ? {} : { WEB_URL: outside.web.url },
    }),
    async stop() {
      // First, so that nothing waits for an answer that will not come.
      await functions.stop();
      await parts.cleanup.disposeAsync();
    },
  };
}

/**
 * Starts a whole Supabase project on this machine: Postgres, Data API, Auth,
 * edge functions, the stand-ins for pg_cron, pg_net and Vault, and the Toss
 * simulator, all behind one address.
 *
 * Resolves when every part answers. Throws what the first failing part threw
 * (`SqlFileError` for a migration, `Deno.errors.AddrInUse` for a port) after
 * it has stopped the others. The caller must `stop()` it.
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  await using cleanup = new AsyncDisposableStack();
  const parts = await startServers(stackSettings(options), cleanup);
  const starting = startPool(parts);
  const filling = fillDatabase(parts);
  // Both have to be over before a failure of one stops the other.
  await Promise.allSettled([starting, filling]);
  await filling;
  const functions = await starting;
  const clock = await startStackClock(parts, functions);
  return stackOf({ ...parts, cleanup: cleanup.move() }, functions, clock);
}
