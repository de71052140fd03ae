import type { StackOptions } from "../../stack/stack.ts";
import { assertBooksAgree } from "./books.ts";
import { type Beginning, readBeginning, renewShop } from "./renew.ts";
import { calmDown, openShop, type Shop } from "./shop.ts";
import { settleWebhooks } from "./webhooks.ts";

/** Registers one test that gets the file's shop. */
export type ShopTest = (
  name: string,
  body: (shop: Shop) => Promise<void>,
) => void;

/** An open shop, and the options of the file whose tests run in it. */
interface House {
  /** What the stack was started with, but its functions, which are the tenant's. */
  plan: string;
  shop: Shop;
  beginning: Beginning;
  tenant: StackOptions;
}

const houses = new Map<string, House>();

Deno.test.afterAll(async () => {
  for (const { shop } of houses.values()) await shop.stack.stop();
  houses.clear();
});

async function openHouse(tenant: StackOptions): Promise<House> {
  const plan = JSON.stringify(tenant);
  const house: Pick<House, "tenant"> = { tenant };
  const shop = await openShop({
    ...tenant,
    log: (line) => house.tenant.log?.(line),
    onRestRequest: (request) => house.tenant.onRestRequest?.(request),
    intercept: (request, forward) =>
      house.tenant.intercept?.(request, forward) ?? forward(),
  });
  const beginning = await readBeginning(shop);
  return Object.assign(house, { plan, shop, beginning });
}

/**
 * The shop of a file's tests.
 *
 * A boot costs more than most files' tests. Files that `deno task test` loads together and that want the same stack
 * have one after the other, each with the rows of the beginning.
 */
async function shopFor(tenant: StackOptions): Promise<Shop> {
  const found = houses.get(JSON.stringify(tenant));
  if (found?.tenant === tenant) return found.shop;
  if (found === undefined) {
    const house = await openHouse(tenant);
    houses.set(house.plan, house);
    return house.shop;
  }
  found.tenant = tenant;
  // Another object, for what is remembered about a shop.
  found.shop = { ...found.shop };
  await renewShop(found.shop, found.beginning);
  return found.shop;
}

/**
 * One stack for all tests of a file, which begins with an empty shop.
 *
 * Every test ends with `check`, the comparison of the two sets of books, after all webhooks have been worked off.
 * A file whose Toss answers what the simulator does not play checks less. The sanitizers are off because the
 * stack's connections outlive a single test.
 */
export function shopTests(
  options: StackOptions = {},
  check: (shop: Shop) => Promise<void> = assertBooksAgree,
): ShopTest {
  // One tenant a call, whatever the caller shares with others.
  const tenant = { ...options };
  return (name, body) =>
    Deno.test({
      name,
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        const shop = await shopFor(tenant);
        try {
          await body(shop);
          await settleWebhooks(shop);
          await check(shop);
        } finally {
          await calmDown(shop);
        }
      },
    });
}
