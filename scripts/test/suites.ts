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
  stack: [{ parallel: true, folders: ["tests/stack"] }],
  debian: [{ parallel: false, folders: ["tests/debian"] }],
  deploy: [{ parallel: false, folders: ["tests/deploy"] }],
  browser: [{ parallel: false, folders: ["tests/browser"] }],
} as const satisfies Record<string, readonly Group[]>;
