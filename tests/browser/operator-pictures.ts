import { fileURLToPath } from "node:url";
import type { TransactionSql } from "postgres";
import { buy } from "../support/buy.ts";
import { cancel } from "../support/cancel.ts";
import { settleWebhooks } from "../support/webhooks.ts";
import {
  goTo,
  type OperatorScene,
  signInAs,
  withOperatorPage,
} from "./operator-scene.ts";

const FOLDER = fileURLToPath(new URL("../../docs/pictures", import.meta.url));

const DAYS = 30;
const MONTHS = 9;

/** The same in every run: 0 to 1, spread out. */
function spread(place: number): number {
  const wave = Math.sin(place * 12.9898) * 43758.5453;
  return wave - Math.floor(wave);
}

async function addPayment(
  sql: TransactionSql,
  place: number,
  method: string,
  amount: number,
): Promise<void> {
  const isRefunded = spread(place * 7) > 0.93;
  await sql`
    insert into public.payments
      (payment_key, order_id, status, method, total_amount, balance_amount, currency, approved_at, applied_at, created_at)
    select ${`picture-${place}`}, 'picture', ${
    isRefunded ? "CANCELED" : "DONE"
  }, ${method}, ${amount}, ${isRefunded ? 0 : amount}, 'KRW', at, at, at
    from (select now() - make_interval(hours => ${
    Math.floor(place * 2.4)
  })) as t (at)`;
  if (!isRefunded) return;
  await sql`
    insert into public.payment_cancels (transaction_key, payment_key, amount, canceled_at, created_at)
    select ${`picture-${place}`}, payment_key, total_amount, approved_at + interval '3 hours', approved_at
    from public.payments where payment_key = ${`picture-${place}`}`;
}

/** A month of sales and most of a year of subscribers, which no shop lives through in a minute. */
async function fillHistory({ shop }: OperatorScene): Promise<void> {
  await shop.stack.sql.begin(async (sql) => {
    // Rows for a picture: what refers to what does not show.
    await sql`set local session_replication_role = 'replica'`;
    const methods = [
      "카드",
      "카드",
      "카드",
      "간편결제",
      "간편결제",
      "가상계좌",
    ];
    for (let place = 0; place < DAYS * 10; place++) {
      const method = methods[Math.floor(spread(place) * methods.length)];
      const amount = 3_000 + Math.floor(spread(place * 3) * 40) * 900;
      await addPayment(sql, place, method ?? "카드", amount);
    }
    await sql`
      with made as (
        insert into public.subscriptions (user_id, plan_id, status, current_period_start, current_period_end, anchor,
          period_number, amount, currency, interval, interval_count, ended_at, end_reason)
        select gen_random_uuid(), 'basic', case when n % 9 = 0 then 'canceled' else 'active' end, at,
          at + interval '1 month', at, 0, 4900, 'KRW', 'month', 1, case when n % 9 = 0 then at + interval '70 days' end,
          case when n % 9 = 0 then 'canceled' end
        from (
          select n, now() - make_interval(days => (${MONTHS} * 30.0 * sqrt(n / 60.0))::integer) from generate_series(1, 60) as n
        ) as t (n, at)
        returning id, user_id, anchor, ended_at
      )
      insert into public.subscription_charges (kind, subscription_id, user_id, plan_id, plan_amount, plan_interval,
        plan_interval_count, period_number, period_start, period_end, amount, currency, order_name, order_id, status,
        paid_at, created_at, covered_by)
      select case when k = 0 then 'start' else 'renewal' end, m.id, m.user_id, 'basic', 4900, 'month', 1, k,
        m.anchor + make_interval(months => k), m.anchor + make_interval(months => k + 1), 4900, 'KRW', '구독',
        gen_random_uuid()::text, 'paid', m.anchor + make_interval(months => k), m.anchor + make_interval(months => k),
        case when k > 0 then 'agreed' end
      from made as m, generate_series(0, ${MONTHS}) as k
      where m.anchor + make_interval(months => k) < least(now(), coalesce(m.ended_at, now()))`;
    for (
      const [code, message, count] of [
        [
          "REJECT_CARD_PAYMENT",
          "한도초과 혹은 잔액부족으로 결제에 실패했습니다.",
          6,
        ],
        ["INVALID_CARD_EXPIRATION", "카드 정보를 다시 확인해주세요.", 2],
      ] as const
    ) {
      await sql`
        insert into public.operations (kind, state, idempotency_key, key_created_at, order_id, amount, currency,
          error_code, error_message, lease_token, lease_expires_at, next_attempt_at, created_at, finished_at)
        select 'confirm', 'rejected', gen_random_uuid()::text, now(), gen_random_uuid()::text, 9900, 'KRW', ${code},
          ${message}, gen_random_uuid(), now(), now(), now(), now()
        from generate_series(1, ${count})`;
    }
  });
}

/** Takes the pictures of docs/operator.md anew. */
export async function takePictures(scene: OperatorScene): Promise<void> {
  const { shop } = scene;
  await fillHistory(scene);
  await shop.stack.sql`
    update toss_private.jobs set last_finished_at = now()`;
  await shop.stack.sql`
    update public.webhook_events set status = 'dead', last_error = 'UNKNOWN_ANSWER', processed_at = null
    where id = ${scene.deadEventId}`;
  const { orderId, paymentKey } = await buy(shop, {
    items: [{ productId: "sticker", quantity: 4 }],
  });
  await cancel(shop, {
    paymentKey,
    cancelAmount: 3_000,
    cancelReason: "one was missing",
    requestId: "picture",
  });
  await settleWebhooks(shop);
  await Deno.mkdir(FOLDER, { recursive: true });
  for (const language of ["ko", "en"] as const) {
    for (const width of [1280, 375]) {
      const ending = `${language}${width === 375 ? "-phone" : ""}.png`;
      await withOperatorPage(scene, { language, width }, async (page) => {
        await signInAs(page, shop.stack.secretKey);
        const shoot = async (name: string) => {
          await page.locator("h1").blur();
          await page.screenshot({
            path: `${FOLDER}/operator-${name}-${ending}`,
            animations: "disabled",
          });
        };
        await shoot("today");
        if (width === 1280) return;
        await goTo(page, `#/orders/${orderId}`);
        await shoot("story");
      });
    }
  }
}
