import assert from "node:assert/strict";
import { resultPage } from "../../../stack/web-result-page.ts";

async function headingOf(address: string): Promise<string | undefined> {
  const page = resultPage(new URL(address, "http://127.0.0.1"));
  return /<h1>(.*?)<\/h1>/.exec(await page.text())?.[1];
}

Deno.test("resultPage() says of each result of a redirect what it is", async () => {
  const headings = await Promise.all(
    [
      "confirmed",
      "waiting_for_deposit",
      "processing",
      "issued",
      "trialing",
      "active",
    ].map((status) => headingOf(`/payment/success?status=${status}`)),
  );
  assert.deepEqual(headings, [
    "결제가 완료되었어요",
    "입금을 기다리고 있어요",
    "결과를 확인하고 있어요",
    "카드가 등록되었어요",
    "무료 체험이 시작되었어요",
    "구독이 시작되었어요",
  ]);
});

Deno.test("resultPage() claims no payment that the query does not tell of", async () => {
  for (const query of ["", "?status=", "?status=toString", "?paymentKey=a"]) {
    assert.equal(
      await headingOf(`/payment/success${query}`),
      "결제창에서 돌아왔어요",
    );
  }
  assert.equal(
    await headingOf("/payment/fail?status=confirmed"),
    "완료하지 못했어요",
  );
});

Deno.test("resultPage() shows the query as text, amounts with their thousands apart", async () => {
  const page = resultPage(
    new URL("http://127.0.0.1/payment/fail?message=%3Cb%3E&amount=12345"),
  );
  const text = await page.text();
  assert.ok(text.includes("<dd>&#60;b&#62;</dd>"));
  assert.ok(text.includes("<dd>12,345원</dd>"));
});

Deno.test("resultPage() answers 404 for every other path", () => {
  assert.equal(
    resultPage(new URL("http://127.0.0.1/payment/other")).status,
    404,
  );
});

Deno.test("resultPage() leads from / to the stack's pages, and from nowhere else", async () => {
  const pages = [{ url: "/events", korean: "받은 이벤트", english: "Events" }];
  const page = (path: string) =>
    resultPage(new URL(path, "http://127.0.0.1"), pages).text();
  assert.match(await page("/"), /<a href="\/events">받은 이벤트 · Events<\/a>/);
  assert.doesNotMatch(await page("/payment/success"), /<a /);
});
