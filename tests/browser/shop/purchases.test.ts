import assert from "node:assert/strict";
import { PAYMENT_DECLINES } from "../../../simulator/window/declines.ts";
import {
  inWindow,
  openWindowByWidget,
  orderNow,
  payButton,
  picture,
  press,
  putIntoCart,
  sees,
  shopTest,
  signIn,
  type Visit,
  widgetOf,
} from "./scene.ts";

const PAID = { status: "paid", taken: 1 };

/** Where the widget's page says why it does not go on. */
async function refusal({ page }: Visit, code: string): Promise<void> {
  await page.locator(`[data-code="${code}"]`).waitFor();
}

shopTest(
  "a guest buys with the widget by card, and a reload of the result changes nothing",
  {},
  async (visit) => {
    const { page, url } = visit;
    await putIntoCart(visit, "tshirt");
    await page.goto(`${url}/cart`);
    await page.getByRole("link", { name: "주문하기" }).click();
    const { methods, agreement } = widgetOf(page);
    await payButton(visit).click();
    await refusal(visit, "NEED_CARD_PAYMENT_DETAIL");
    await methods.getByText("신한", { exact: true }).click();
    await agreement.getByRole("checkbox").uncheck();
    await payButton(visit).click();
    await refusal(visit, "NEED_AGREEMENT_WITH_REQUIRED_TERMS");
    await agreement.getByRole("checkbox").check();
    await payButton(visit).click();
    const orderId = await inWindow(page);

    await press(visit, "pay");

    await sees(page, "결제가 완료됐어요");
    await sees(page, orderId);
    assert.deepEqual(await orderNow(visit, orderId), PAID);
    await page.reload();
    await sees(page, "결제가 완료됐어요");
    assert.deepEqual(await orderNow(visit, orderId), PAID);
    await page.goto(`${url}/cart`);
    await sees(page, "장바구니가 비어 있어요.");
  },
);

shopTest(
  "a signed-in buyer pays with the widget by easy pay, and finds the order with its story and receipt",
  { locale: "en", width: 1280 },
  async (visit) => {
    const { page, url } = visit;
    await signIn(visit);
    await putIntoCart(visit, "mug");
    const orderId = await openWindowByWidget(visit, "Naver Pay");
    await press(visit, "pay");
    await sees(page, "Your payment is complete");

    await page.goto(`${url}/my`);
    const order = page.locator(`[data-order="${orderId}"]`);
    await order.locator("summary").first().click();

    await order.getByText("You paid · 네이버페이").waitFor();
    assert.match(
      await order.getByRole("link", { name: "Receipt" })
        .getAttribute("href") ?? "",
      /^http/,
    );
    assert.deepEqual(await orderNow(visit, orderId), PAID);
  },
);

shopTest(
  "a guest buys in Toss's window by transfer, with a cash receipt",
  {},
  async (visit) => {
    const { page, url, shop } = visit;
    await putIntoCart(visit);
    await page.goto(`${url}/cart`);
    await page.getByRole("link", { name: "결제창으로 결제하기" }).click();
    await page.getByLabel("계좌이체").check();
    await payButton(visit).click();
    const orderId = await inWindow(page);
    await page.selectOption("[name=receiptType]", "소득공제");
    await page.fill("[name=receiptNumber]", "01000001234");

    await press(visit, "pay");

    await sees(page, "결제가 완료됐어요");
    assert.deepEqual(await orderNow(visit, orderId), PAID);
    assert.equal(
      shop.simulator.cashReceipts()
        .filter((receipt) => receipt.orderId === orderId).length,
      1,
    );
  },
);

shopTest(
  "each decline is told, and the same order is paid another way",
  {},
  async (visit) => {
    const { page } = visit;
    await putIntoCart(visit);
    const first = await openWindowByWidget(visit, "신용·체크카드", "삼성");
    for (const [code] of PAYMENT_DECLINES) {
      await page.selectOption("select[name=code]", code);
      await press(visit, "decline_confirm");
      await refusal(visit, code);
      const text = await page.locator(`[data-code="${code}"]`).innerText();
      assert.match(text, /[가-힣]/, code);
      const again = page.getByRole("link", {
        name: /다른 결제수단으로 결제|처음부터 다시/,
      });
      assert.equal(await again.count(), 1, code);
      const orderId = await openWindowByWidget(visit, "토스페이");
      assert.equal(orderId, first, code);
    }

    await press(visit, "pay");

    await sees(page, "결제가 완료됐어요");
    assert.deepEqual(await orderNow(visit, first), PAID);
  },
);

shopTest(
  "a decline in the window itself leads to the fail page with its action",
  { locale: "en" },
  async (visit) => {
    const { page } = visit;
    await putIntoCart(visit);
    await openWindowByWidget(visit, "Card", "Hyundai");
    await page.selectOption("select[name=code]", "REJECT_CARD_COMPANY");

    await press(visit, "decline");

    await refusal(visit, "REJECT_CARD_COMPANY");
    await sees(page, "The card company refused the payment.");
    await page.getByRole("link", { name: "Pay another way" }).waitFor();
    await picture(page, "payment-fail.en");
  },
);

shopTest(
  "a buyer who closes the window, or goes back, pays the same order",
  {},
  async (visit) => {
    const { page } = visit;
    await putIntoCart(visit);
    const first = await openWindowByWidget(visit, "카카오페이");
    await press(visit, "cancel");
    await sees(page, "결제를 그만뒀어요. 결제된 금액은 없어요.");
    await page.getByRole("link", { name: "다른 결제수단으로 결제" }).click();
    await widgetOf(page).methods.getByText("페이코").click();
    await payButton(visit).click();
    assert.equal(await inWindow(page), first);

    await page.goBack();
    await widgetOf(page).methods.getByText("삼성페이").click();
    await payButton(visit).click();
    assert.equal(await inWindow(page), first);
    await press(visit, "pay");

    await sees(page, "결제가 완료됐어요");
    assert.deepEqual(await orderNow(visit, first), PAID);
  },
);

shopTest(
  "an amount that was changed on the way is refused before Toss is asked",
  {},
  async (visit) => {
    const { page } = visit;
    await putIntoCart(visit);
    const orderId = await openWindowByWidget(visit, "토스페이");
    // The buyer is caught on the way back, and goes on with another amount.
    let back = "";
    await page.route("**/payment-window/*", async (route) => {
      const answer = await route.fetch({ maxRedirects: 0 });
      back = answer.headers().location ?? "";
      await route.fulfill({ contentType: "text/html", body: "caught" });
    }, { times: 1 });
    await page.click('button[value="pay"]');
    await sees(page, "caught");
    const changed = new URL(back);
    changed.searchParams.set("amount", "100");

    await page.goto(changed.href);

    await refusal(visit, "payment_amount_mismatch");
    assert.deepEqual(await orderNow(visit, orderId), {
      status: "pending",
      taken: 0,
    });
  },
);

shopTest(
  "a double click opens one window for one order",
  {},
  async (visit) => {
    const { page, url, shop } = visit;
    await putIntoCart(visit, "mug");
    const [{ before }] = await shop.stack.sql<[{ before: number }]>`
      select count(*)::int as before from public.orders`;
    await page.goto(`${url}/checkout`);
    await widgetOf(page).methods.getByText("토스페이").click();
    await payButton(visit).dblclick();
    const orderId = await inWindow(page);
    await page.locator("button[value=pay]").dblclick();
    await page.waitForURL((to) => to.origin === url);

    await sees(page, "결제가 완료됐어요");
    assert.deepEqual(await orderNow(visit, orderId), PAID);
    const [{ after }] = await shop.stack.sql<[{ after: number }]>`
      select count(*)::int as after from public.orders`;
    assert.equal(after - before, 1);
  },
);

shopTest(
  "a network that is lost during the confirm takes the money once, after another try",
  {},
  async (visit) => {
    const { page, context } = visit;
    await putIntoCart(visit);
    const orderId = await openWindowByWidget(visit, "토스페이");
    let isLost = true;
    await context.route("**/functions/v1/confirm*", async (route) => {
      if (!isLost || route.request().method() !== "POST") {
        return await route.continue();
      }
      // The answer is lost, not the request.
      await route.fetch();
      await route.abort("connectionreset");
    });
    await press(visit, "pay");
    await refusal(visit, "network_error");
    isLost = false;

    await page.getByRole("button", { name: "다시 시도" }).click();

    await sees(page, "결제가 완료됐어요");
    assert.deepEqual(await orderNow(visit, orderId), PAID);
  },
);

shopTest(
  "a buyer who closes the tab in the window finds the cart again, and pays once",
  {},
  async (visit) => {
    const { page, context, url } = visit;
    await putIntoCart(visit);
    const left = await openWindowByWidget(visit, "토스페이");
    await page.close();

    const returned = await context.newPage();
    const again = { ...visit, page: returned };
    await returned.goto(`${url}/cart`);
    await sees(returned, "스티커 세트");
    const orderId = await openWindowByWidget(again, "페이코");
    await press(again, "pay");

    await sees(returned, "결제가 완료됐어요");
    assert.deepEqual(await orderNow(visit, orderId), PAID);
    assert.equal((await orderNow(visit, left)).taken, 0);
  },
);

shopTest(
  "a second tab knows that the first has paid",
  {},
  async (visit) => {
    const { page, context, url } = visit;
    await putIntoCart(visit);
    const second = await context.newPage();
    await second.goto(`${url}/cart`);
    await sees(second, "스티커 세트");
    await openWindowByWidget(visit, "토스페이");
    await press(visit, "pay");
    await sees(page, "결제가 완료됐어요");

    await sees(second, "장바구니가 비어 있어요.");
  },
);

shopTest(
  "a guest gets a virtual account with its countdown, and sees the deposit",
  { width: 1280 },
  async (visit) => {
    const { page, shop } = visit;
    await putIntoCart(visit, "mug");
    const orderId = await openWindowByWidget(visit, "가상계좌");
    await page.fill("[name=customerName]", "이토스");
    await press(visit, "pay");
    await sees(page, "아래 계좌로 입금해 주세요");
    const timer = page.getByRole("timer");
    const before = await timer.innerText();
    await page.waitForFunction(
      `document.querySelector("[role=timer]").innerText !== ${
        JSON.stringify(before)
      }`,
    );
    await picture(page, "virtual-account.ko");

    const book = shop.simulator.books()
      .find((entry) => entry.orderId === orderId);
    shop.simulator.deposit(book?.paymentKey ?? "");

    await sees(page, "입금이 확인됐어요");
    assert.deepEqual(await orderNow(visit, orderId), PAID);
  },
);

shopTest(
  "what is sold out meanwhile is said at the checkout",
  {},
  async (visit) => {
    const { page, url, shop } = visit;
    await putIntoCart(visit, "limited-print");
    await shop.stack.sql`
      update public.products set stock = 0 where id = 'limited-print'`;
    try {
      await page.goto(`${url}/checkout`);
      await refusal(visit, "insufficient_stock");
    } finally {
      await shop.stack.sql`
        update public.products set stock = 1 where id = 'limited-print'`;
    }
  },
);
