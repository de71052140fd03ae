import { z } from "zod";
import {
  type DerivedSigner,
  fromBase64Url,
  toBase64Url,
} from "./derived-signer.ts";

/** HKDF's info: a signature for anything else is no state, and the other way round. */
export const BILLING_STATE_PURPOSE = "supabase-tosspayments billing-state";

/** Long enough for Toss's registration window, short for an address that lands in a browser's history. */
export const BILLING_STATE_SECONDS = 1800;

const content = z.strictObject({
  userId: z.uuid(),
  customerKey: z.string().min(1).max(300),
  planId: z.string().min(1).max(64).optional(),
  shownTerms: z.string().min(1).max(100).optional(),
  tossKeys: z.enum(["main", "billing"]).optional(),
  /** Seconds since 1970. */
  expiresAt: z.number().int(),
});

/** Who asked for the registration window, and what for. */
export interface BillingState {
  userId: string;
  customerKey: string;
  planId?: string | undefined;
  /** What the plan cost then. */
  shownTerms?: string | undefined;
  /** The pair whose window it is. */
  tossKeys?: "main" | "billing" | undefined;
}

/** A state that was presented. */
export type ReadState =
  | { outcome: "valid"; state: BillingState }
  | { outcome: "expired" }
  | { outcome: "forged" };

/**
 * Writes the proof that a signed-in user asked for the registration window, for the `state` parameter of the
 * success URL: the redirect brings no access token.
 *
 * @param now milliseconds since 1970; the state is good for {@link BILLING_STATE_SECONDS}
 */
export async function writeBillingState(
  signer: DerivedSigner,
  state: BillingState,
  now: number,
): Promise<string> {
  const expiresAt = Math.floor(now / 1000) + BILLING_STATE_SECONDS;
  const json = JSON.stringify({ ...state, expiresAt });
  const payload = toBase64Url(new TextEncoder().encode(json));
  return `${payload}.${await signer.sign(payload)}`;
}

/** Reads a state that {@link writeBillingState} wrote; anything else is `forged`. */
export async function readBillingState(
  signer: DerivedSigner,
  token: string,
  now: number,
): Promise<ReadState> {
  const [payload = "", signature = "", ...rest] = token.split(".");
  if (
    rest.length > 0 || !await signer.isSignatureOf(payload, signature)
  ) {
    return { outcome: "forged" };
  }
  const parsed = content.safeParse(parsePayload(payload));
  if (!parsed.success) return { outcome: "forged" };
  const { expiresAt, ...state } = parsed.data;
  return now < expiresAt * 1000
    ? { outcome: "valid", state }
    : { outcome: "expired" };
}

function parsePayload(payload: string): unknown {
  const bytes = fromBase64Url(payload);
  if (bytes === null) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
