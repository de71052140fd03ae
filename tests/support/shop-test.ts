import type { StackOptions } from "../../stack/stack.ts";
import { assertBooksAgree } from "./books.ts";
import { calmDown, openShop, type Shop } from "./shop.ts";
import { settleWebhooks } from "./webhooks.ts";

/** Registers one test that gets the file's shop. */
export type ShopTest = (
  name: string,
  body: (shop: Shop) => Promise<void>,
) => void;

/**
 * One stack for all tests of a file: started before the first, stopped after the last.
 *
 * Every test ends with `check`, the comparison of the two sets of books, after all webhooks have been worked off.
 * A file whose Toss answers what the simulator does not play checks less. The sanitizers are off because the
 * stack's connections outlive a single test.
 */
export function shopTests(
  options: StackOptions = {},
  check: (shop: Shop) => Promise<void> = assertBooksAgree,
): ShopTest {
  let opened: Shop | undefined;
  Deno.test.beforeAll(async () => {
    opened = await openShop(options);
  });
  Deno.test.afterAll(async () => {
    await opened?.stack.stop();
  });
  return (name, body) =>
    Deno.test({
      name,
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        if (opened === undefined) throw new Error("the stack did not start");
        try {
          await body(opened);
          await settleWebhooks(opened);
          await check(opened);
        } finally {
          await calmDown(opened);
        }
      },
    });
}
