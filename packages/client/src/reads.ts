import type { SupabaseClient } from "@supabase/supabase-js";
import type { AnySupabase } from "./call.ts";
import { TossPaymentsError } from "./error.ts";
import type { Database, Tables } from "./generated/tables.ts";

/** An order with what belongs to it. */
export type Order = Tables<"orders"> & {
  items: Tables<"order_items">[];
  adjustments: Tables<"order_adjustments">[];
  payments: (Tables<"payments"> & { cancels: Tables<"payment_cancels">[] })[];
  receipts: Tables<"cash_receipts">[];
  withdrawals: Tables<"withdrawals">[];
};

/** A subscription with its plan, the plan from the next period on, and what is charged. */
export type Subscription = Tables<"subscriptions"> & {
  plan: Tables<"plans"> | null;
  next_plan: Tables<"plans"> | null;
  method: Tables<"billing_methods"> | null;
};

/** What a subscriber is asked, with the plan. */
export type Consent = Tables<"subscription_consents"> & {
  plan: Tables<"plans"> | null;
};

const ORDER =
  "*, items:order_items(*), adjustments:order_adjustments(*), payments!payments_order_id_fkey(*, cancels:payment_cancels(*)), receipts:cash_receipts!cash_receipts_order_id_fkey(*), withdrawals!withdrawals_order_id_fkey(*)";
const SUBSCRIPTION =
  "*, plan:plans!subscriptions_plan_id_fkey(*), next_plan:plans!subscriptions_next_plan_id_fkey(*), method:billing_methods!subscriptions_billing_method_id_fkey(*)";
const NEWEST = { ascending: false };

async function rows(
  query: PromiseLike<
    { data: unknown; error: { message: string; code?: string } | null }
  >,
): Promise<unknown> {
  const { data, error } = await query;
  if (!error) return data;
  // A guest may not ask for what is a user's: there is nothing of theirs.
  if (error.code === "42501") return [];
  throw new TossPaymentsError({
    code: "read_failed",
    message: error.message,
    action: "retry",
    userMessage: "",
    retryable: true,
    cause: error,
  });
}

/** What the buyer's pages read; the Data API gives a signed-in user the own rows, everybody what is for sale. */
export interface Reads {
  /** What is for sale. */
  products(): Promise<Tables<"products">[]>;
  /** The plans to subscribe to, cheapest first. */
  plans(): Promise<Tables<"plans">[]>;
  /** Newest first. @default 20 */
  orders(limit?: number): Promise<Order[]>;
  /** Null when it is not the signed-in user's. */
  order(orderId: string): Promise<Order | null>;
  /** Newest first, those that have ended as well. */
  subscriptions(): Promise<Subscription[]>;
  entitlements(): Promise<Tables<"entitlements">[]>;
  /** One row per plan that the user has or had. */
  userPlans(): Promise<Tables<"user_plans">[]>;
  /** What the user is asked and can still answer: a trial that is to cost, a price that is to rise. */
  consents(): Promise<Consent[]>;
  /** Cards and accounts that can be charged. */
  paymentMethods(): Promise<Tables<"billing_methods">[]>;
  /** Whether the user may use what the plan opens, now. A page shows by it; a server decides by it. */
  hasAccess(planId: string): Promise<boolean>;
}

/** Whether a row of `user_plans` gives access. */
export function givesAccess(
  { status }: Pick<Tables<"user_plans">, "status">,
): boolean {
  return ["active", "trialing", "past_due"].includes(status ?? "");
}

/** The local Data API (@supabase/lite) takes a unique index on some rows for one-to-one, and answers the row itself. */
function listOf<Row>(rows: Row[] | Row | null): Row[] {
  if (Array.isArray(rows)) return rows;
  return rows === null ? [] : [rows];
}

function orderOf(order: Order): Order {
  const { receipts, withdrawals } = order;
  return {
    ...order,
    receipts: listOf(receipts),
    withdrawals: listOf(withdrawals),
  };
}

/** The reads of one client. */
export function createReads(supabase: AnySupabase, schema: string): Reads {
  const from = () =>
    (supabase as unknown as SupabaseClient<Database>)
      .schema(schema as "public");
  const all = async <Row>(query: Parameters<typeof rows>[0]) =>
    await rows(query) as Row[];
  const reads: Reads = {
    products: () => all(from().from("products").select("*").order("name")),
    plans: () =>
      all(from().from("plans").select("*").eq("active", true).order("price")),
    orders: async (limit = 20) =>
      (await all<Order>(
        from().from("orders").select(ORDER).order("created_at", NEWEST)
          .limit(limit),
      )).map(orderOf),
    order: async (orderId) => {
      const [order] = await all<Order>(
        from().from("orders").select(ORDER).eq("id", orderId),
      );
      return order ? orderOf(order) : null;
    },
    subscriptions: () =>
      all(
        from().from("subscriptions").select(SUBSCRIPTION)
          .order("created_at", NEWEST),
      ),
    entitlements: () =>
      all(from().from("entitlements").select("*").order("starts_at", NEWEST)),
    userPlans: () => all(from().from("user_plans").select("*")),
    consents: () =>
      all(
        from().from("subscription_consents")
          .select("*, plan:plans!subscription_consents_plan_id_fkey(*)")
          .is("closed_at", null).is("voided_at", null).order("effective_at"),
      ),
    paymentMethods: () =>
      all(
        from().from("billing_methods").select("*").eq("status", "active")
          .order("created_at", NEWEST),
      ),
    hasAccess: async (planId) =>
      (await reads.userPlans())
        .some((row) => row.plan === planId && givesAccess(row)),
  };
  return reads;
}
