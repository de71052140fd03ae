import type { Stack } from "../../stack/stack.ts";

function webhookRow({ webhookPort }: Stack): [string, string][] {
  if (webhookPort === null) return [];
  const address = `http://127.0.0.1:${webhookPort}/functions/v1/webhook`;
  return [["Webhook alone", address]];
}

function pageRows({ webUrl, providers }: Stack): [string, string][] {
  if (webUrl === null) return [["Web page", "none"]];
  const pages: [string, string][] = [
    ["Web page", webUrl],
    ["Operator page", `${webUrl}/operator/`],
    ["Events", `${webUrl}/events`],
  ];
  return providers === null
    ? pages
    : [...pages, ["Mailbox", `${webUrl}/mailbox`]];
}

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
    ...pageRows(stack),
    ...webhookRow(stack),
    ["Publishable key", stack.publishableKey],
    ["Secret key", stack.secretKey],
    ["Cron secret", stack.cronSecret],
    ["Data", dbDir],
  ];
  return rows.map(([name, value]) => `  ${name.padEnd(16)} ${value}`)
    .join("\n");
}
