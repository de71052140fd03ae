import { createHash } from "node:crypto";
import type { Sql } from "postgres";
import { z } from "zod";
import { createKeyring } from "../../supabase/functions/_shared/security/encryption.ts";
import type { Simulator } from "../../simulator/simulator.ts";
import type { Stack } from "../../stack/stack.ts";

const issuedSchema = z.looseObject({ billingKey: z.string() });

/**
 * Registers a card of a customer at a simulated Toss.
 *
 * @returns the billing key
 */
export async function registerCard(
  simulator: Simulator,
  customerKey: string,
): Promise<string> {
  const authorization = simulator.authorizeCard({ customerKey });
  const response = await fetch(
    `${simulator.url}/v1/billing/authorizations/issue`,
    {
      method: "POST",
      headers: {
        authorization: `Basic ${btoa(`${simulator.secretKey}:`)}`,
        "content-type": "application/json",
      },
      body: JSON.stringify(authorization),
    },
  );
  return issuedSchema.parse(await response.json()).billingKey;
}

/** Somebody who can be charged. */
export interface Customer {
  userId: string;
  customerKey: string;
}

/** A billing method of a customer; the key is only at Toss and, encrypted, in the database. */
export interface BillingMethod extends Customer {
  billingMethodId: string;
}

/** Stores billing keys as `billing-issue` does; the customers have rows already. */
async function storeMethods(
  sql: Sql,
  keyringText: string,
  cards: (Customer & { billingKey: string })[],
): Promise<BillingMethod[]> {
  const keyring = createKeyring(keyringText);
  const rows = await Promise.all(
    cards.map(async ({ userId, customerKey, billingKey }) => {
      const billingMethodId = crypto.randomUUID();
      return {
        userId,
        customerKey,
        billingMethodId,
        digest: createHash("sha256").update(billingKey).digest("hex"),
        ...await keyring.encrypt(billingKey, billingMethodId),
      };
    }),
  );
  await sql`
    with stored as (
      insert into public.billing_methods (id, user_id, method, card_number_masked)
      select r."billingMethodId", r."userId", 'CARD', '433012******1234'
      from jsonb_to_recordset(${sql.json(rows)})
        as r ("billingMethodId" uuid, "userId" uuid)
      returning id
    )
    insert into toss_private.billing_keys (billing_method_id, key_digest, key_id, ciphertext)
    select s.id, r.digest, r."keyId", r.ciphertext
    from jsonb_to_recordset(${sql.json(rows)})
      as r ("billingMethodId" uuid, digest text, "keyId" text, ciphertext text)
    join stored as s on s.id = r."billingMethodId"`;
  return rows.map(({ userId, customerKey, billingMethodId }) => ({
    userId,
    customerKey,
    billingMethodId,
  }));
}

/** Gives each customer a card at Toss and its billing method in the database. */
export async function addMethods(
  { sql, projectVariables }: Stack,
  simulator: Simulator,
  customers: Customer[],
): Promise<BillingMethod[]> {
  const cards = [];
  for (const customer of customers) {
    const billingKey = await registerCard(simulator, customer.customerKey);
    cards.push({ ...customer, billingKey });
  }
  const keyring = projectVariables.BILLING_KEY_ENCRYPTION_KEYS ?? "";
  return await storeMethods(sql, keyring, cards);
}
