import assert from "node:assert/strict";
import {
  CONSENT_TOKEN_PURPOSE,
  writeConsentToken,
} from "../../../supabase/functions/_shared/security/consent-token.ts";
import { createDerivedSigner } from "../../../supabase/functions/_shared/security/derived-signer.ts";
import { callFunction } from "../../support/call-function.ts";
import { consentOf } from "../../support/consents.ts";
import type { Shop } from "../../support/shop.ts";
import {
  picture,
  sees,
  shopTest,
  signIn,
  subscribeByNewCard,
  type Visit,
} from "./scene.ts";

/** A run of the recurring charges, which asks for consent as well. */
async function run(shop: Shop): Promise<void> {
  const { stack } = shop;
  const { status } = await callFunction(shop, "billing-charge", {
    body: {},
    headers: { authorization: `Bearer ${stack.cronSecret}` },
  });
  assert.equal(status, 200);
}

/** Begins a trial, and has its consent asked for; answers the subscription's id. */
async function beginTrial(visit: Visit): Promise<string> {
  const { shop, page, url } = visit;
  await signIn(visit);
  await subscribeByNewCard(visit, "pro");
  await sees(page, /무료 체험이 시작됐어요|Your free trial has started/);
  await run(shop);
  await page.goto(`${url}/my`);
  const card = page.locator("[data-subscription]");
  await card.waitFor();
  return await card.getAttribute("data-subscription") ?? "";
}

async function linkOf({ shop, url }: Visit, subscriptionId: string) {
  const { id } = await consentOf(shop.stack.sql, subscriptionId);
  const keys = shop.stack.projectVariables.BILLING_KEY_ENCRYPTION_KEYS ?? "";
  const signer = createDerivedSigner(keys, CONSENT_TOKEN_PURPOSE);
  return `${url}/consent?token=${await writeConsentToken(signer, id)}`;
}

async function afterTrial({ shop }: Visit, subscriptionId: string) {
  await shop.stack.advanceClock({ days: 8 });
  await run(shop);
  const [row] = await shop.stack.sql`
    select status, end_reason from public.subscriptions where id = ${subscriptionId}`;
  return [row?.status, row?.end_reason];
}

shopTest(
  "a buyer is asked on the own page, refuses, agrees after all, and is charged when the trial ends",
  {},
  async (visit) => {
    const { page } = visit;
    const subscriptionId = await beginTrial(visit);
    const card = page.locator("[data-consent]");
    await card.getByText("무료 체험이 끝난 뒤에도 이용할까요?").waitFor();
    await card.getByText("9,900원").waitFor();
    const yes = card.getByRole("button", { name: "동의해요" });
    const no = card.getByRole("button", { name: "동의하지 않아요" });
    const [left, right] = [await yes.boundingBox(), await no.boundingBox()];
    assert.deepEqual(
      [left?.width, left?.height],
      [right?.width, right?.height],
    );
    assert.equal(
      await yes.getAttribute("class"),
      await no.getAttribute("class"),
    );
    await picture(page, "consent.ko");

    await no.click();
    await card.getByText("동의하지 않았어요.").waitFor();
    await yes.click();
    await card.getByText("동의했어요.").waitFor();

    assert.deepEqual(await afterTrial(visit, subscriptionId), ["active", null]);
  },
);

shopTest(
  "the link of a notice shows without a change, refuses once for who is not signed in, and then does nothing more",
  { locale: "en", width: 1280 },
  async (visit) => {
    const subscriptionId = await beginTrial(visit);
    const { sql } = visit.shop.stack;
    const link = await linkOf(visit, subscriptionId);
    const context = await visit.context.browser()?.newContext({
      locale: "en-US",
    });
    assert.ok(context);
    try {
      const page = await context.newPage();
      await page.goto(link);
      await page.getByRole("button", { name: "I agree" }).waitFor();
      await picture(page, "consent-link.en");
      assert.equal((await consentOf(sql, subscriptionId)).decision, null);

      await page.getByRole("button", { name: "I do not agree" }).click();
      await sees(page, "You did not agree.");
      await page.goto(link);
      await sees(page, "You did not agree.");
      assert.equal(
        await page.getByRole("button", { name: /agree/ }).count(),
        0,
      );

      await page.goto(`${link}0`);
      await sees(page, "This link was used, or its time is over.");
    } finally {
      await context.close();
    }
    assert.deepEqual(
      await afterTrial(visit, subscriptionId),
      ["canceled", "consent_refused"],
    );
  },
);

shopTest(
  "the link of a request that nobody answered in time says so",
  {},
  async (visit) => {
    const { page } = visit;
    const subscriptionId = await beginTrial(visit);
    const link = await linkOf(visit, subscriptionId);

    const ended = await afterTrial(visit, subscriptionId);

    assert.deepEqual(ended, ["canceled", "consent_missing"]);
    await page.goto(link);
    await sees(page, "답할 수 있는 기간이 끝났거나 이미 답한 링크예요.");
  },
);
