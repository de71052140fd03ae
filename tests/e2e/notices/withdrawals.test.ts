import assert from "node:assert/strict";
import { signUp } from "../../../stack/users.ts";
import { buy } from "../../support/buy.ts";
import { mark, openChannels, sendDue } from "../../support/notices.ts";
import { shopTests } from "../../support/shop-test.ts";
import { decide, requested } from "../../support/withdrawals.ts";

const test = shopTests({ notices: true });

const CART = {
  items: [{ productId: "sticker", quantity: 1 }],
  customerEmail: "buyer@mail.test",
};

test("a withdrawal is confirmed, its refusal explained", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  const { accessToken } = await signUp(shop);
  const { orderId } = await buy(shop, CART, accessToken);
  const withdrawalId = await requested(shop, orderId, accessToken);
  const answer = await decide(shop, {
    withdrawalId,
    action: "refuse",
    reason: "이미 사용하신 상품이에요",
  });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const [, received, decided] = await sendDue(shop, since);
  assert.equal(received?.subject, "[우리 상점] 청약철회 요청을 받았어요");
  assert.match(received?.text ?? "", /처리 기한: .* 23:59/);
  assert.match(received?.text ?? "", /결제 금액: 3,000원/);
  assert.equal(decided?.subject, "[우리 상점] 청약철회 요청이 처리되었어요");
  assert.match(
    decided?.text ?? "",
    /결과: 승인되지 않았어요\n사유: 이미 사용하신 상품이에요/,
  );
});

test("an accepted withdrawal is followed by its refund, and no word of the shop's", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  const { accessToken } = await signUp(shop);
  const { orderId } = await buy(shop, CART, accessToken);
  const withdrawalId = await requested(shop, orderId, accessToken);
  const answer = await decide(shop, {
    withdrawalId,
    action: "accept",
    reason: "internal",
  });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const sent = (await sendDue(shop, since)).slice(2);
  assert.deepEqual(sent.map(({ subject }) => subject), [
    "[우리 상점] 청약철회 요청이 처리되었어요",
    "[우리 상점] 환불이 처리되었어요",
  ]);
  assert.match(sent[0]?.text ?? "", /결과: 승인되었어요/);
  assert.doesNotMatch(sent[0]?.text ?? "", /internal/);
});
