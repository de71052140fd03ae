import type {
  Delivery,
  DeliveryResult,
} from "../database/webhook-deliveries.ts";
import { versionOf } from "../events/catalogue.ts";
import { VERSION } from "../version.ts";
import { type AddressPolicy, checkTarget } from "./address/check-target.ts";
import { post, type PostAnswer, type PostOptions } from "./http/post.ts";
import { signatureHeaders } from "./sign.ts";

/** Where one delivery goes, and how. */
export interface Receiver {
  url: string;
  secrets: readonly string[];
  policy: AddressPolicy;
  options?: PostOptions;
}

/** What a receiver is sent; the same text at every attempt. */
export function bodyOf({ type, timestamp, data }: Delivery): string {
  return JSON.stringify({
    type,
    timestamp,
    data: { version: versionOf(type), ...data },
  });
}

/** Makes one attempt; never rejects. */
export async function deliver(
  delivery: Delivery,
  { url, secrets, policy, options }: Receiver,
): Promise<DeliveryResult> {
  const startedAt = performance.now();
  const answer = await attempt();
  return {
    deliveryId: delivery.deliveryId,
    responseStatus: answer.kind === "answered" ? answer.status : null,
    durationMs: Math.round(performance.now() - startedAt),
    error: problemOf(answer),
  };

  async function attempt(): Promise<PostAnswer> {
    try {
      // Anew for every attempt: a name may lead elsewhere by now.
      const target = await checkTarget(url, policy);
      if (!target.ok) {
        return { kind: "none", problem: `the address ${target.problem}` };
      }
      const body = bodyOf(delivery);
      return await post({
        url: target.url,
        addresses: target.addresses,
        headers: {
          "user-agent": `supabase-tosspayments/${VERSION}`,
          accept: "*/*",
          ...signatureHeaders(secrets, {
            id: delivery.eventId,
            body,
            at: new Date(),
          }),
        },
        body,
      }, options);
    } catch {
      return { kind: "none", problem: "has a name that cannot be looked up" };
    }
  }
}

function problemOf(answer: PostAnswer): string | null {
  if (answer.kind === "none") return answer.problem;
  const { status } = answer;
  if (status >= 200 && status <= 299) return null;
  return status >= 300 && status <= 399
    ? `answered ${status}; redirects are not followed`
    : `answered ${status}`;
}
