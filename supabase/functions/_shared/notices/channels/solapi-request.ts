import { createHmac, randomBytes } from "node:crypto";
import { callProvider, type ProviderAnswer } from "./call-provider.ts";

/** What the messages of a shop are sent with. */
export interface SolapiAccount {
  apiKey: string;
  apiSecret: string;
  /** Without a trailing slash. */
  baseUrl: string;
  /** The registered number that messages come from, digits alone. */
  sender: string;
  /** Kakao's channel; without it every message is an SMS or LMS. */
  pfId: string | undefined;
  /** Kakao's approved template of a notice. */
  templates: Readonly<Record<string, string>>;
}

/**
 * The header that proves who asks: HMAC-SHA256 of date and salt, in hex, by the API secret. It serves one request, and
 * for 15 minutes. Source: Solapi's documents (API Key 인증 방식) and its SDK for Node.
 */
export function authorization(
  { apiKey, apiSecret }: Pick<SolapiAccount, "apiKey" | "apiSecret">,
  at = new Date(),
  salt = randomBytes(16).toString("hex"),
): string {
  const date = at.toISOString();
  const signature = createHmac("sha256", apiSecret).update(date + salt)
    .digest("hex");
  return `HMAC-SHA256 apiKey=${apiKey}, date=${date}, salt=${salt}, signature=${signature}`;
}

/** Asks Solapi; null = no whole answer. */
export function askSolapi(
  fetcher: typeof fetch,
  account: SolapiAccount,
  { method, path, body }: {
    method: "GET" | "POST";
    path: string;
    body?: unknown;
  },
): Promise<ProviderAnswer | null> {
  return callProvider(fetcher, `${account.baseUrl}${path}`, {
    method,
    headers: {
      authorization: authorization(account),
      "content-type": "application/json",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
