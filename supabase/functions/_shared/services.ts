import {
  type Config,
  type ConfigProblem,
  loadConfig,
} from "./config/config.ts";
import {
  createDatabase,
  createServerClient,
  type Database,
} from "./database/client.ts";
import { BILLING_STATE_PURPOSE } from "./security/billing-state.ts";
import {
  CONSENT_TOKEN_PURPOSE,
  writeConsentToken,
} from "./security/consent-token.ts";
import {
  createDerivedSigner,
  type DerivedSigner,
} from "./security/derived-signer.ts";
import { createKeyring, type Keyring } from "./security/encryption.ts";
import {
  createTossClients,
  type TossClients,
  type TossWitness,
} from "./toss/clients.ts";
import { createVerifyUser, type VerifyUser } from "./database/verify-user.ts";
import type { Logger } from "./logger.ts";

/** Longer than Toss may take by this much, so that a lease ends only when no answer can come any more. */
const LEASE_MARGIN_SECONDS = 5;

/** Everything a request handler reaches the world through. */
export interface Services {
  config: Config;
  database: Database;
  keyring: Keyring;
  /** Signs the state of billing-issue's redirect. */
  billingStateSigner: DerivedSigner;
  /** Signs the links of notices that ask for consent. */
  consentSigner: DerivedSigner;
  /** Where a request for consent is answered without signing in. */
  consentUrl(consentId: string): Promise<string>;
  verifyUser: VerifyUser;
  /** For what is neither Supabase nor Toss. */
  fetch: typeof fetch;
  /** How long an operation or event may stay with one caller. */
  leaseSeconds: number;
  /** Toss through each key pair, with log lines that carry the request's id. */
  toss(logger: Logger, witness: TossWitness): TossClients;
}

/** What {@link createServices} needs from outside. */
export interface ServicesOptions {
  environment: Record<string, string>;
  fetch: typeof fetch;
}

/**
 * Builds the services of one isolate from its environment.
 *
 * @returns the services, or every problem of the environment by variable
 */
export function createServices(
  { environment, fetch }: ServicesOptions,
): { ok: true; services: Services } | {
  ok: false;
  problems: readonly ConfigProblem[];
} {
  const loaded = loadConfig(environment);
  if (!loaded.ok) return loaded;
  const { config } = loaded;
  const [secretKey] = config.supabase.secretKeys;
  if (secretKey === undefined) {
    const problem = "has no key; the platform sets it";
    return {
      ok: false,
      problems: [{ variable: "SUPABASE_SECRET_KEYS", problem }],
    };
  }
  const consentSigner = createDerivedSigner(
    config.encryptionKeys,
    CONSENT_TOKEN_PURPOSE,
  );
  const client = createServerClient({
    url: config.supabase.url,
    secretKey,
    fetch,
  });
  return {
    ok: true,
    services: {
      config,
      database: createDatabase(client),
      keyring: createKeyring(config.encryptionKeys),
      fetch,
      billingStateSigner: createDerivedSigner(
        config.encryptionKeys,
        BILLING_STATE_PURPOSE,
      ),
      consentSigner,
      async consentUrl(consentId) {
        const url = new URL(config.app.url + config.app.consentPath);
        const token = await writeConsentToken(consentSigner, consentId);
        url.searchParams.set("token", token);
        return url.href;
      },
      leaseSeconds: config.toss.timeoutMs / 1000 + LEASE_MARGIN_SECONDS,
      toss: (logger, witness) =>
        createTossClients(config.toss.pairs, {
          baseUrl: config.toss.apiBaseUrl,
          timeoutMs: config.toss.timeoutMs,
          fetch,
          logger,
        }, witness),
      verifyUser: createVerifyUser(client.auth),
    },
  };
}
