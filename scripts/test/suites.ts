/** Groups of arguments of `deno test`, one after the other: figures of time want the machine for themselves. */
export const SUITES = {
  all: [
    [
      "--parallel",
      "tests/unit",
      "tests/simulator",
      "tests/integration",
      "tests/property",
      "tests/e2e",
      "tests/abuse",
      "tests/docs",
      "tests/chaos",
    ],
    ["tests/timing"],
  ],
  stack: [["--parallel", "tests/stack"]],
  debian: [["tests/debian"]],
  deploy: [["tests/deploy"]],
  browser: [["tests/browser"]],
} as const satisfies Record<string, readonly (readonly string[])[]>;
