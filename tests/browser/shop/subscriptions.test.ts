import assert from "node:assert/strict";
import { callFunction } from "../../support/call-function.ts";
import { decide } from "../../support/withdrawals.ts";
import {
  choose,
  openWindowByWidget,
  orderNow,
  picture,
  press,
  putIntoCart,
  sees,
  shopTest,
  signIn,
  subscribeByNewCard,
  type Visit,
} from "./scene.ts";

/** The subscription on the buyer's page. */
function subscription({ page }: Visit, status: string) {
  return page.locator(`[data-subscription][data-status="${status}"]`);
}

/** A month passes, and what is due is charged. */
async function monthLater({ shop }: Visit): Promise<void> {
  const { stack } = shop;
  await stack.advanceClock({ days: 32 });
  const { status } = await callFunction(shop, "billing-charge", {
    body: {},
    headers: { authorization: `Bearer ${stack.cronSecret}` },
  });
  assert.equal(status, 200);
}

shopTest(
  "a buyer subscribes with a new card, is charged a month later, and mends declines with a new card and with a registered one",
  {},
  async (visit) => {
    const { page, url, shop } = visit;
    await signIn(visit);
    await choose(visit, "basic");
    const start = page.getByRole("button", { name: "구독하기" });
    assert.equal(
      await page.locator("[name=payment-method]:checked").count(),
      0,
      "nothing is chosen beforehand",
    );
    await start.click();
    await sees(page, "결제수단을 골라 주세요.");
    await picture(page, "subscribe.ko");
    await subscribeByNewCard(visit, "basic");
    await sees(page, "구독이 시작됐어요");

    await monthLater(visit);
    await page.goto(`${url}/my`);
    await subscription(visit, "active").waitFor();
    await page.locator("[data-order]").nth(1).waitFor();

    shop.simulator.declineCharges({
      code: "REJECT_CARD_PAYMENT",
      count: "always",
    });
    await monthLater(visit);
    await page.reload();
    await subscription(visit, "past_due").waitFor();
    await sees(page, "결제하지 못했어요");
    await picture(page, "my-page-declined.ko");
    shop.simulator.clearChargeDeclines();

    await page.getByRole("button", { name: "카드 등록" }).click();
    await page.waitForURL(/\/billing-window\?/);
    await page.getByText("현대", { exact: true }).click();
    await press(visit, "register");
    await sees(page, "결제수단을 등록했어요");
    await page.goto(`${url}/my`);
    await subscription(visit, "active").getByText(/현대카드/).waitFor();

    shop.simulator.declineCharges({ code: "REJECT_CARD_PAYMENT", count: 1 });
    await monthLater(visit);
    await page.reload();
    await subscription(visit, "past_due").waitFor();
    await page.getByRole("button", {
      name: /^이 결제수단으로 바꾸기: 국민카드/,
    })
      .click();

    await subscription(visit, "active").getByText(/국민카드/).waitFor();
  },
);

shopTest(
  "a buyer starts a trial, cancels it in one step, and keeps it after all",
  { locale: "en", width: 1280 },
  async (visit) => {
    const { page, url } = visit;
    await signIn(visit);
    await choose(visit, "pro");
    await sees(page, "₩0");
    await sees(page, /₩9,900 \(every month\)/);
    await subscribeByNewCard(visit, "pro");
    await sees(page, "Your free trial has started");

    await page.goto(`${url}/my`);
    await subscription(visit, "trialing").waitFor();
    await page.getByRole("button", { name: "Cancel subscription" }).click();
    await sees(page, /You can use it until/);
    await page.getByRole("button", { name: "Keep the subscription" }).click();
    await page.getByRole("button", { name: "Cancel subscription" }).waitFor();
  },
);

shopTest(
  "a subscriber takes another plan with the card that is registered, and changes it for a dearer one",
  {},
  async (visit) => {
    const { page, url, shop } = visit;
    await signIn(visit);
    await page.getByRole("button", { name: "카드 등록" }).click();
    await page.waitForURL(/\/billing-window\?/);
    await press(visit, "register");
    await sees(page, "결제수단을 등록했어요");

    await choose(visit, "basic");
    await page.getByLabel(/국민카드/).check();
    await page.getByRole("button", { name: "구독하기" }).click();
    await page.waitForURL(`${url}/my`);
    await subscription(visit, "active").waitFor();
    await page.getByText("요금제 바꾸기").click();
    await sees(page, /더 결제되지 않아요\. 돌려받는 금액은 없어요\./);
    await page.getByRole("button", { name: /^프로 · / }).click();
    const shown = await page.locator('[data-preview="change"]')
      .getByText(/^지금 [\d,]+원이 결제돼요\. 다음 결제는 /).innerText();
    await page.getByRole("button", { name: "바꾸기", exact: true }).click();
    await subscription(visit, "active").getByText("프로", { exact: true })
      .waitFor();
    const [charge] = await shop.stack.sql<{ amount: number }[]>`
      select amount::float8 as amount from public.subscription_charges where kind = 'upgrade'`;
    assert.equal(
      shown.split("원")[0],
      `지금 ${charge?.amount.toLocaleString("ko-KR")}`,
    );

    await page.getByRole("button", { name: /^프로 연간 · / }).click();
    await page.getByRole("button", { name: "바꾸기", exact: true }).click();

    await sees(page, /부터 프로 연간\(으\)로 바뀌어요\./);
  },
);

shopTest(
  "a declined first payment is told, and the same card is taken for another try",
  {},
  async (visit) => {
    const { page, shop } = visit;
    await signIn(visit);
    shop.simulator.declineCharges({ code: "REJECT_CARD_PAYMENT", count: 1 });
    await subscribeByNewCard(visit, "basic");
    await page.locator('[data-code="REJECT_CARD_PAYMENT"]').waitFor();

    await page.getByRole("link", { name: "요금제로 돌아가기" }).click();
    await choose(visit, "basic");
    await page.getByLabel(/국민카드/).check();
    await page.getByRole("button", { name: "구독하기" }).click();

    await subscription(visit, "active").waitFor();
  },
);

shopTest(
  "a buyer asks to withdraw, and sees the refund",
  {},
  async (visit) => {
    const { page, url, shop } = visit;
    await signIn(visit);
    await putIntoCart(visit);
    const orderId = await openWindowByWidget(visit, "토스페이");
    await press(visit, "pay");
    await sees(page, "결제가 완료됐어요");
    await page.goto(`${url}/my`);
    const order = page.locator(`[data-order="${orderId}"]`);
    await order.locator("summary").first().click();
    await order.getByText("청약철회 신청").click();
    await order.getByRole("button", { name: "신청하기" }).click();
    await order.getByText("청약철회를 신청했어요. 3영업일 안에 답을 드려요.")
      .waitFor();

    const [row] = await shop.stack.sql<{ id: string }[]>`
      select id from public.withdrawals where order_id = ${orderId}`;
    const accepted = await decide(shop, {
      withdrawalId: row?.id,
      action: "accept",
    });
    assert.equal(accepted.status, 200, JSON.stringify(accepted.body));

    await order.getByText("3,000원 환불됐어요").waitFor();
    await order.getByText("청약철회가 받아들여졌어요").waitFor();
    assert.equal((await orderNow(visit, orderId)).status, "refunded");
    await picture(page, "my-page-refunded.ko");
  },
);
