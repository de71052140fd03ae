import type { House } from "./house.ts";

/** One subscription as the database has it. */
export interface SeenSubscription {
  id: string;
  plan: string;
  status: string;
  next: string | null;
  needsCard: boolean;
  hasNotice: boolean;
  isOpen: boolean;
}

/** Everything that is compared with the model. */
export interface Seen {
  subscriptions: SeenSubscription[];
  /** Plans that there is access to, by `entitlements`. */
  access: string[];
  /** The same by the view `user_plans`. */
  shown: string[];
  /** The states of the cards, by the order of registration. */
  cards: string[];
  payments: { paymentKey: string; amount: number; refunded: number }[];
}

/** Looks at the database, and into the books of Toss. */
export async function look(
  { sql, simulator }: Pick<House, "sql" | "simulator">,
  userId: string,
): Promise<Seen> {
  const [row] = await sql<Omit<Seen, "payments">[]>`
    select
      coalesce((
        select jsonb_agg(jsonb_build_object(
          'id', s.id, 'plan', s.plan_id, 'status', s.status, 'next', s.next_plan_id,
          'needsCard', s.needs_payment_method, 'hasNotice', s.cancel_at_period_end,
          'isOpen', exists (
            select 1 from public.subscription_charges as c
            where c.subscription_id = s.id and c.status in ('pending', 'processing', 'unknown')
          )
        ) order by s.created_at)
        from public.subscriptions as s where s.user_id = ${userId}
      ), '[]') as subscriptions,
      array(
        select m.status from public.billing_methods as m
        where m.user_id = ${userId} order by m.created_at
      ) as cards,
      array(
        select distinct e.plan_id from public.entitlements as e
        where e.user_id = ${userId} and e.starts_at <= toss_private.clock_now()
          and e.ends_at > toss_private.clock_now() and coalesce(e.revoked_at > toss_private.clock_now(), true)
        order by 1
      ) as access,
      array(
        select u.plan from public.user_plans as u
        where u.user_id = ${userId} and u.status in ('active', 'trialing', 'past_due') order by 1
      ) as shown`;
  if (row === undefined) throw new Error("nothing to see");
  const payments = simulator.books()
    .filter(({ approvals }) => approvals > 0)
    .map(({ paymentKey, totalAmount, balanceAmount }) => ({
      paymentKey,
      amount: totalAmount,
      refunded: totalAmount - balanceAmount,
    }));
  return { ...row, payments };
}
