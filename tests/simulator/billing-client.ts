import assert from "node:assert/strict";
import type { AuthorizeCardInput } from "../../simulator/control/billing-schemas.ts";
import type { Simulator } from "../../simulator/simulator.ts";
import { type ApiCall, type ApiResult, call } from "./toss-client.ts";

/** The customer of these tests. */
export const CUSTOMER = { customerKey: "customer-1" };

/** A charge as tests use it. */
export const CHARGE = {
  ...CUSTOMER,
  orderId: "charge-0001",
  orderName: "One month",
  amount: 9900,
};

/** Turns an authKey into a billing key, or is refused. */
export function issue(
  simulator: Simulator,
  body: Record<string, unknown>,
  extra: ApiCall = {},
): Promise<ApiResult> {
  const route = "POST /v1/billing/authorizations/issue";
  return call(simulator, route, { body, ...extra });
}

/** A billing key of a card that its customer has just authenticated. */
export async function newKey(
  simulator: Simulator,
  card: Partial<AuthorizeCardInput> = {},
): Promise<string> {
  const authorization = simulator.authorizeCard({ ...CUSTOMER, ...card });
  const { status, json } = await issue(simulator, authorization);
  assert.equal(status, 200);
  return json.billingKey;
}

/** Charges a billing key; `changes` differ from `CHARGE`. */
export function charge(
  simulator: Simulator,
  billingKey: string,
  changes: Record<string, unknown> = {},
  extra: ApiCall = {},
): Promise<ApiResult> {
  const route = `POST /v1/billing/${encodeURIComponent(billingKey)}`;
  return call(simulator, route, { body: { ...CHARGE, ...changes }, ...extra });
}

/** Deletes a billing key. */
export function deleteKey(
  simulator: Simulator,
  billingKey: string,
): Promise<ApiResult> {
  const route = `DELETE /v1/billing/${encodeURIComponent(billingKey)}`;
  return call(simulator, route);
}
