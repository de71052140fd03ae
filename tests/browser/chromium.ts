import { type Browser, chromium, type Page } from "playwright-core";

const EXECUTABLE = "/usr/bin/chromium";

// Nothing but the test's own servers may be talked to.
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Debian's Chromium without a window; the caller must close it. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });
}

/** Runs `body` with a page of its own, as a phone would show it. */
export async function withPage(
  browser: Browser,
  body: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({
    locale: "ko-KR",
    viewport: { width: 420, height: 860 },
  });
  try {
    context.setDefaultTimeout(15_000);
    await body(await context.newPage());
  } finally {
    await context.close();
  }
}
