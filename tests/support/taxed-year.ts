import assert from "node:assert/strict";
import { hear } from "./altered-books.ts";
import { callSql } from "./answers.ts";
import type { Shop } from "./shop.ts";
import { approveAtToss } from "./toss-side.ts";

/** What is sold: amounts in won. */
export interface Sale {
  taxed: number;
  taxFree: number;
  method: "카드" | "간편결제" | "계좌이체" | "휴대폰";
  tossKeys: string;
  tossClientKey: string;
}

/** A sale that Toss has approved, with the split that it told then. */
export interface Sold extends Sale {
  paymentKey: string;
  orderId: string;
  /** `YYYY-MM` in Seoul. */
  month: string;
  suppliedAmount: number;
  vat: number;
  taxFreeAmount: number;
  totalAmount: number;
}

/** The calendar day in Seoul by the simulator's clock. */
export function seoulDay({ simulator }: Shop, days = 0): string {
  return new Date(simulator.now() + 9 * 3_600_000 + days * 86_400_000)
    .toISOString().slice(0, 10);
}

function line(name: string, unitPrice: number, taxFree: boolean) {
  return unitPrice === 0 ? [] : [{ name, unitPrice, quantity: 1, taxFree }];
}

/** An order of lines, paid now; our side hears of it as a webhook would tell. */
export async function sell(shop: Shop, sale: Sale): Promise<Sold> {
  const { taxed, taxFree, method, tossKeys, tossClientKey } = sale;
  const { orderId } = await callSql(shop.stack.sql, "create_order", {
    requestId: crypto.randomUUID(),
    logRequestId: "taxed-year",
    userId: null,
    lines: [
      ...line("taxed", taxed, false),
      ...line("tax-free", taxFree, true),
    ],
    timeToLiveSeconds: 3600,
    mode: "test",
    tossKeys,
    tossClientKey,
  }) as { orderId: string };
  const amount = taxed + taxFree;
  const { paymentKey } = shop.simulator.createPayment({
    orderId,
    amount,
    taxFreeAmount: taxFree,
    method,
    clientKey: tossClientKey,
  });
  const answer = await approveAtToss(shop, { orderId, amount, paymentKey });
  const { suppliedAmount, vat, taxFreeAmount, totalAmount } =
    answer as unknown as Sold;
  await hear({ shop, made: { paymentKey } });
  assert.equal(taxFreeAmount, taxFree);
  return {
    ...sale,
    ...{ paymentKey, orderId, month: seoulDay(shop).slice(0, 7) },
    ...{ suppliedAmount, vat, taxFreeAmount, totalAmount },
  };
}

/** Gives a part back in Toss's dashboard; our side hears of it. */
export async function giveBack(
  shop: Shop,
  { paymentKey }: Pick<Sold, "paymentKey">,
  part: { cancelAmount: number; taxFreeAmount?: number },
): Promise<void> {
  const { simulator } = shop;
  const response = await fetch(
    `${simulator.url}/v1/payments/${paymentKey}/cancel`,
    {
      method: "POST",
      headers: {
        authorization: `Basic ${btoa(`${simulator.secretKeyOf(paymentKey)}:`)}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ cancelReason: "부분 환불", ...part }),
    },
  );
  assert.equal(response.status, 200, await response.text());
  await hear({ shop, made: { paymentKey } });
}
