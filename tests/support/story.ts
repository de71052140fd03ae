import assert from "node:assert/strict";
import type { TransactionSql } from "postgres";
import { readStoryRows } from "../../supabase/functions/_shared/database/story.ts";
import { createClient } from "@supabase/supabase-js";
import { lookAgain } from "../../scripts/replay/look.ts";
import { inRollback } from "./rollback.ts";
import {
  type Story,
  story,
  tellStory as describeRows,
} from "../../supabase/functions/_shared/story/story.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { callFunction } from "./call-function.ts";
import { shellVariables } from "./npx.ts";
import type { Shop } from "./shop.ts";

/** The story of an id, as the function `operator` tells it. */
export async function tellStory(shop: Shop, id: string): Promise<Story> {
  const answer = await callFunction(shop, "operator", {
    body: { action: "order", id },
    headers: { apikey: shop.stack.secretKey },
  });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return story.parse(answer.body);
}

/** How a story ends. */
export function endingOf({ timeline }: Story): string {
  const last = timeline.at(-1);
  assert.equal(last?.kind, "now");
  return last.text;
}

/** The variables with which commands run as pasted: those of `toss status`. */
export function statusVariables({ stack }: Shop): Record<string, string> {
  return {
    API_URL: stack.apiUrl,
    FUNCTIONS_URL: stack.functionsUrl,
    SECRET_KEY: stack.secretKey,
  };
}

/** Pastes a command into a shell. */
export async function paste(
  shop: Shop,
  command: string,
  more: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const run = new Deno.Command("sh", {
    args: ["-c", command],
    cwd: PROJECT_ROOT,
    env: { ...shellVariables(), ...statusVariables(shop), ...more },
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await run.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

const LOOK = /^npx -y deno task toss replay --look (\S+)$/;

/** Does what a command would: the one that most stories propose without a new process, which costs seconds. */
async function carryOut(
  shop: Shop,
  command: string,
  more: Record<string, string>,
) {
  const [, id] = command.match(LOOK) ?? [];
  if (id === undefined) return await paste(shop, command, more);
  const { apiUrl: url, secretKey } = shop.stack;
  const client = createClient(url, secretKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const project = { url, secretKey, publishableKey: null, cronSecret: null };
  return { code: await lookAgain(project, client, id), stdout: "", stderr: "" };
}

/** Tells a story, does what it proposes, and tells it again. */
export async function mend(
  shop: Shop,
  id: string,
  more: Record<string, string> = {},
): Promise<{ before: Story; after: Story }> {
  const before = await tellStory(shop, id);
  assert.ok(before.next, `nothing is proposed: ${endingOf(before)}`);
  const { code, stdout, stderr } = await carryOut(
    shop,
    before.next.command,
    more,
  );
  assert.equal(code, 0, `${before.next.command}\n${stdout}${stderr}`);
  assert.doesNotMatch(stdout, /"code":"[a-z_]+"/, stdout);
  return { before, after: await tellStory(shop, id) };
}

/**
 * Tells a story within a transaction in which `harm` has raised an alert, and takes both back. Toss is not asked.
 */
export function tellWithin(
  { stack }: Shop,
  id: string,
  alert: string,
  harm: (sql: TransactionSql) => Promise<unknown>,
): Promise<Story> {
  return inRollback(stack.sql, async (sql) => {
    await harm(sql);
    const raised = await sql`
      select 1 from public.alerts where alert = ${alert} limit 1`;
    assert.equal(raised.length, 1, `the scene raises no ${alert}`);
    const rows = await readStoryRows({
      async call(name, request, schema) {
        const [row] = await sql`
          select public.${sql(name)}(${sql.json(request as never)}) as answer`;
        return schema.parse(row?.answer);
      },
    }, id);
    assert.ok(rows);
    return describeRows(rows, []);
  });
}
