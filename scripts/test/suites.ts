/** Folders of tests and how `deno test` runs them. */
interface Group {
  folders: readonly string[];
  parallel: boolean;
}

/** The suites by name, each some groups that run one after the other: figures of time want the machine for themselves. */
export const SUITES = {
  all: [
    {
      parallel: true,
      folders: [
        "tests/unit",
        "tests/simulator",
        "tests/integration",
        "tests/property",
        "tests/e2e",
        "tests/abuse",
        "tests/docs",
      ],
    },
  ],
  proofs: [
    { parallel: true, folders: ["tests/proofs"] },
    { parallel: false, folders: ["tests/timing"] },
  ],
  hosted: [{
    parallel: true,
    folders: [
      "tests/e2e/checkout/checkout.test.ts",
      "tests/e2e/checkout/own-prices.test.ts",
      "tests/e2e/confirm/confirm.test.ts",
      "tests/e2e/confirm/requests.test.ts",
      "tests/e2e/confirm/redirect.test.ts",
      "tests/e2e/confirm/unknown.test.ts",
      "tests/e2e/webhook/webhook.test.ts",
      "tests/e2e/webhook/bodies.test.ts",
      "tests/e2e/webhook/forgery.test.ts",
      "tests/e2e/webhook/deposits.test.ts",
      "tests/e2e/cancel/cancel.test.ts",
      "tests/e2e/cancel/unknown.test.ts",
      "tests/e2e/virtual-account/virtual-account.test.ts",
      "tests/e2e/cash-receipt/cash-receipt.test.ts",
      "tests/e2e/reconcile/heals.test.ts",
      "tests/e2e/billing-issue/billing-issue.test.ts",
      "tests/e2e/charge/charge.test.ts",
      "tests/e2e/subscriptions/subscription.test.ts",
      "tests/e2e/subscriptions/preview.test.ts",
      "tests/e2e/events/endpoints.test.ts",
      "tests/e2e/notices/notices.test.ts",
    ],
  }],
  stack: [{ parallel: true, folders: ["tests/stack"] }],
  debian: [{ parallel: false, folders: ["tests/debian"] }],
  deploy: [{ parallel: false, folders: ["tests/deploy"] }],
  browser: [{ parallel: false, folders: ["tests/browser"] }],
} as const satisfies Record<string, readonly Group[]>;
