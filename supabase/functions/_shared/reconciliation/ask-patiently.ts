import type { TossOutcome } from "../toss/outcome.ts";

/** Toss's lists lag, and ask callers to slow down: a page is asked for again after these pauses. */
const PAUSES_MILLISECONDS = [1_000, 4_000];

/** Asks for a page until Toss gives one, three times at most. */
export async function askPatiently<Page>(
  ask: () => Promise<TossOutcome<Page>>,
): Promise<TossOutcome<Page>> {
  let page = await ask();
  for (const pause of PAUSES_MILLISECONDS) {
    if (page.kind === "answered") break;
    await new Promise((resolve) => setTimeout(resolve, pause));
    page = await ask();
  }
  return page;
}
