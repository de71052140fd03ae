import type { Stack } from "./stack.ts";

/** Writes down a stack's addresses and keys, a line each, for a person. */
export function describeStack(stack: Stack, dbDir: string): string {
  const toss = stack.simulator === null
    ? stack.tossApiBaseUrl
    : `${stack.tossApiBaseUrl}  (simulator)`;
  const rows: [string, string][] = [
    ["API", stack.apiUrl],
    ["Functions", stack.functionsUrl],
    ["Database", stack.dbUrl],
    ["Toss", toss],
    ["Web page", stack.webUrl ?? "none"],
    ["Publishable key", stack.publishableKey],
    ["Secret key", stack.secretKey],
    ["Cron secret", stack.cronSecret],
    ["Data", dbDir],
  ];
  return rows.map(([name, value]) => `  ${name.padEnd(16)} ${value}`)
    .join("\n");
}
