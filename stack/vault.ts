import type { Sql } from "postgres";

/** Creates or changes secrets of the Vault, by name. */
export async function setVaultSecrets(
  sql: Sql,
  secrets: Record<string, string>,
): Promise<void> {
  for (const [name, secret] of Object.entries(secrets)) {
    await sql`
      select case
        when existing.id is null
          then vault.create_secret(wanted.secret, wanted.name)::text
        else vault.update_secret(existing.id, wanted.secret)::text
      end
      from (values (${name}::text, ${secret}::text)) as wanted (name, secret)
      left join vault.secrets as existing using (name)`;
  }
}
