import type { Simulator } from "../../scripts/simulator/simulator.ts";

/** Charges with a billing key; registrations are left alone. */
export const CHARGES = {
  method: "POST",
  pathPattern: "^/v1/billing/(?!authorizations)",
} as const;

/** A share of the charges that Toss makes and nobody hears of, picked by the seed. */
export function loseAnswers(
  simulator: Simulator,
  { share, seed }: { share: number; seed: number },
): void {
  simulator.addFault({
    kind: "lose_answer_after",
    ratio: share,
    seed,
    count: "always",
    ...CHARGES,
  });
}

/**
 * What many integrations do: a loop over the customers, no Idempotency-Key, a new order id for each try, and
 * another try when no answer came.
 *
 * @param simulator not the stack's, whose books are compared with the database
 * @returns how many charges Toss made
 */
export async function naiveLoop(
  simulator: Simulator,
  customers: number,
  loss: { share: number; seed: number },
): Promise<number> {
  const call = async (path: string, body: unknown) => {
    const response = await fetch(`${simulator.url}${path}`, {
      method: "POST",
      headers: {
        authorization: `Basic ${btoa(`${simulator.secretKey}:`)}`,
        "content-type": "application/json",
      },
      body: JSON.stringify(body),
    });
    return await response.json();
  };
  const register = async () => {
    const customerKey = crypto.randomUUID();
    const { authKey } = simulator.authorizeCard({ customerKey });
    const body = { authKey, customerKey };
    const { billingKey } = await call("/v1/billing/authorizations/issue", body);
    return {
      path: `/v1/billing/${encodeURIComponent(billingKey)}`,
      customerKey,
    };
  };
  const cards = await Promise.all(Array.from({ length: customers }, register));
  loseAnswers(simulator, loss);
  for (const { path, customerKey } of cards) {
    let isDone = false;
    while (!isDone) {
      const orderId = `naive-${crypto.randomUUID()}`;
      const body = {
        customerKey,
        orderId,
        orderName: "월 구독",
        amount: 9_900,
      };
      isDone = await call(path, body).then(() => true, () => false);
    }
  }
  return simulator.charges()
    .filter(({ outcome }) => outcome === "DONE").length;
}
