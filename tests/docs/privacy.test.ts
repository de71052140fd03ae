import assert from "node:assert/strict";
import { personalColumns } from "../../scripts/docs/personal-data.ts";
import { readChapters } from "../../scripts/schema/chapters.ts";

Deno.test("every column that names a person's account or reaches a person says so in its comment", async () => {
  const marked = new Set(
    (await personalColumns()).map(({ column }) => column),
  );
  const found: string[] = [];
  for (const { text } of await readChapters()) {
    const tables = text.matchAll(
      /^create (?:unlogged )?table (\S+) \(\n([^]*?)^\);/gm,
    );
    for (const [, table, columns = ""] of tables) {
      const named = columns.matchAll(
        /^ {2}((?:user_id|\w*(?:e_?mail|phone|address|customer_(?:name|key)|metadata|reason|failure_message|error_message|last_error)))\s+(?:text|jsonb|uuid)/gm,
      );
      for (const [, column] of named) found.push(`${table}.${column}`);
    }
  }
  assert.ok(found.length > 20, String(found.length));
  assert.deepEqual(
    found.filter((column) => !marked.has(column) && !OURS.includes(column)),
    [],
  );
});

/** Names as of personal data, but the words are ours. */
const OURS = [
  "toss_private.shop_code.notice_address",
  "toss_private.notice_channels.last_error",
  "toss_private.subscription_transitions.end_reason",
  "public.subscriptions.end_reason",
  "public.webhook_deliveries.last_error",
  "public.webhook_endpoints.disabled_reason",
  "public.reconciliation_differences.reason",
  "public.settlement_differences.reason",
];
