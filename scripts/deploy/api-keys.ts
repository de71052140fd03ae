import { z } from "zod";
import { StopError } from "../door/errors.ts";
import type { SupabaseCli } from "../hosted/supabase-cli.ts";

const keyList = z.looseObject({
  keys: z.array(z.looseObject({
    name: z.string(),
    type: z.string().nullish(),
    api_key: z.string().nullish(),
  })),
});

/** The keys of a project's API. */
export interface ApiKeys {
  secretKey: string;
  publishableKey: string | null;
}

/**
 * Asks the management API for the project's API keys; new ones go before the legacy pair.
 *
 * @throws StopError when the project has no secret key that may be shown
 */
export async function readApiKeys(cli: SupabaseCli): Promise<ApiKeys> {
  const { keys } = keyList.parse(
    await cli({ args: ["projects", "api-keys", "--reveal"] }),
  );
  const find = (type: string, legacyName: string) => {
    const ofType = keys.filter((key) => key.type === type);
    const chosen = ofType.find(({ name }) => name === "default") ?? ofType[0] ??
      keys.find(({ name }) => name === legacyName);
    return chosen?.api_key ?? null;
  };
  const secretKey = find("secret", "service_role");
  if (secretKey === null) {
    throw new StopError("the project has no secret API key");
  }
  return { secretKey, publishableKey: find("publishable", "anon") };
}
