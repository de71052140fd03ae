import assert from "node:assert/strict";
import { z } from "zod";
import type {
  AuthorizeAccountInput,
  AuthorizeCardInput,
} from "../../simulator/control/billing-schemas.ts";
import { type Answer, callFunction } from "./call-function.ts";
import type { Shop } from "./shop.ts";
import { addPlan as addPlanRow, type PlanOptions } from "./subscriber.ts";
import { buyerHeaders, signUp, type User } from "../../stack/users.ts";

/** What `billing-issue/prepare` answers; strict, because a field that the API does not promise is a mistake. */
const preparedSchema = z.strictObject({
  method: z.enum(["CARD", "TRANSFER"]),
  customerKey: z.uuid(),
  clientKey: z.string(),
  successUrl: z.url(),
  failUrl: z.url(),
});

/** A subscription as the API answers it. */
const subscriptionSchema = z.strictObject({
  id: z.uuid(),
  planId: z.string(),
  status: z.enum(["trialing", "active", "past_due", "canceled"]),
  currentPeriodStart: z.iso.datetime({ offset: true }),
  currentPeriodEnd: z.iso.datetime({ offset: true }),
  nextChargeAt: z.iso.datetime({ offset: true }).nullable(),
  cancelAtPeriodEnd: z.boolean(),
  canceledAt: z.iso.datetime({ offset: true }).nullable(),
  endedAt: z.iso.datetime({ offset: true }).nullable(),
  billingMethodId: z.uuid().nullable(),
  needsPaymentMethod: z.boolean(),
  nextPlanId: z.string().nullable(),
  createdAt: z.iso.datetime({ offset: true }),
});

/** A {@link subscriptionSchema} value. */
export type Subscription = z.output<typeof subscriptionSchema>;

const issuedSchema = z.strictObject({
  billingMethodId: z.uuid(),
  method: z.literal("CARD"),
  card: z.strictObject({
    issuerCode: z.string().nullable(),
    number: z.string().nullable(),
    cardType: z.string().nullable(),
  }),
  subscription: subscriptionSchema.optional(),
});

/** What a registration of a card that succeeded answers. */
export type Issued = z.output<typeof issuedSchema>;

const issuedAccountSchema = issuedSchema.omit({ card: true }).extend({
  method: z.literal("TRANSFER"),
  account: z.strictObject({
    bankName: z.string().nullable(),
    number: z.string().nullable(),
  }),
});

/** What the registration of an account that succeeded answers. */
export type IssuedAccountMethod = z.output<typeof issuedAccountSchema>;

/** A plan; without options a monthly one of 10,000 won. */
export function addPlan(
  { stack }: Shop,
  plan: PlanOptions = {},
): Promise<string> {
  return addPlanRow(stack.sql, plan);
}

/** Calls `billing-issue/prepare`. */
export function prepare(
  shop: Shop,
  user: User,
  body: Record<string, unknown> = {},
): Promise<Answer> {
  const headers = buyerHeaders(shop, user.accessToken);
  return callFunction(shop, "billing-issue", {
    path: "/prepare",
    body,
    headers,
  });
}

/** What the registration window hands to the success page, and that page's address. */
export interface Registration {
  authKey: string;
  customerKey: string;
  /** The address with which the browser comes back. */
  redirectUrl: URL;
}

/** The user opens the registration window and registers a card there. */
export async function registerInWindow(
  shop: Shop,
  user: User,
  body: Record<string, unknown> = {},
  card: Partial<AuthorizeCardInput> = {},
): Promise<Registration> {
  const answer = await prepare(shop, user, body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const { customerKey, clientKey, successUrl } = preparedSchema.parse(
    answer.body,
  );
  const { authKey } = shop.simulator.authorizeCard({
    customerKey,
    clientKey,
    ...card,
  });
  const redirectUrl = new URL(successUrl);
  redirectUrl.searchParams.set("customerKey", customerKey);
  redirectUrl.searchParams.set("authKey", authKey);
  return { authKey, customerKey, redirectUrl };
}

/** Calls `POST billing-issue`. */
export function issue(
  shop: Shop,
  user: User | null,
  body: Record<string, unknown>,
): Promise<Answer> {
  const headers = buyerHeaders(shop, user?.accessToken);
  return callFunction(shop, "billing-issue", { body, headers });
}

/** A billing method that must be registered. */
export async function registerCard(
  shop: Shop,
  user: User,
  { planId, ...card }: Partial<AuthorizeCardInput> & { planId?: string } = {},
): Promise<Issued> {
  const plan = planId === undefined ? {} : { planId };
  const { authKey, customerKey } = await registerInWindow(
    shop,
    user,
    plan,
    card,
  );
  const answer = await issue(shop, user, { authKey, customerKey, ...plan });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return issuedSchema.parse(answer.body);
}

/** The user registers a bank account, which must succeed. */
export async function registerAccount(
  shop: Shop,
  user: User,
  { planId, ...account }:
    & Partial<AuthorizeAccountInput>
    & { planId?: string } = {},
): Promise<IssuedAccountMethod> {
  const plan = planId === undefined ? {} : { planId };
  const answer = await prepare(shop, user, { ...plan, method: "TRANSFER" });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const { method, customerKey, clientKey } = preparedSchema.parse(answer.body);
  assert.equal(method, "TRANSFER");
  const { authKey } = shop.simulator.authorizeAccount({
    customerKey,
    clientKey,
    ...account,
  });
  const issued = await issue(shop, user, { authKey, customerKey, ...plan });
  assert.equal(issued.status, 201, JSON.stringify(issued.body));
  return issuedAccountSchema.parse(issued.body);
}

/** Somebody with a live subscription. */
export interface Subscriber {
  user: User;
  planId: string;
  billingMethodId: string;
  subscription: Subscription;
}

/** Signs somebody up and subscribes them; without a plan, to a new one of 10,000 won a month. */
export async function subscribe(
  shop: Shop,
  options: { planId?: string; user?: User } = {},
): Promise<Subscriber> {
  const user = options.user ?? await signUp(shop);
  const planId = options.planId ?? await addPlan(shop);
  const issued = await registerCard(shop, user, { planId });
  assert.ok(issued.subscription);
  const { billingMethodId, subscription } = issued;
  return { user, planId, billingMethodId, subscription };
}

const countsSchema = z.looseObject({
  claimed: z.number(),
  paid: z.number(),
  declined: z.number(),
  unknown: z.number(),
  remaining: z.number(),
  runId: z.uuid(),
});

/** Calls `billing-charge` as pg_cron does. */
export function callCharge(
  shop: Shop,
  body: Record<string, unknown>,
): Promise<Answer> {
  const headers = { authorization: `Bearer ${shop.stack.cronSecret}` };
  return callFunction(shop, "billing-charge", { body, headers });
}

/** A run that must succeed; answers its counts. */
export async function charge(
  shop: Shop,
  body: Record<string, unknown>,
): Promise<z.output<typeof countsSchema>> {
  const answer = await callCharge(shop, body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return countsSchema.parse(answer.body);
}

/** Calls `subscription` as a user. */
export function change(
  shop: Shop,
  { user, subscription }: Pick<Subscriber, "user" | "subscription">,
  action: string,
  fields: Record<string, unknown> = {},
): Promise<Answer> {
  return callFunction(shop, "subscription", {
    headers: buyerHeaders(shop, user.accessToken),
    body: { subscriptionId: subscription.id, action, ...fields },
  });
}

/** A change that must succeed; answers the subscription. */
export async function changed(
  shop: Shop,
  subscriber: Pick<Subscriber, "user" | "subscription">,
  action: string,
  fields: Record<string, unknown> = {},
): Promise<Subscription> {
  const answer = await change(shop, subscriber, action, fields);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return subscriptionSchema.parse(answer.body);
}

/** How many requests for a billing key Toss got. */
export function issueRequests({ simulator }: Shop): number {
  return simulator.requests()
    .filter(({ path }) => path.endsWith("/authorizations/issue")).length;
}
