import assert from "node:assert/strict";
import {
  type Story,
  story,
} from "../../supabase/functions/_shared/story/story.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { callFunction } from "./call-function.ts";
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
    env: { ...statusVariables(shop), ...more },
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await run.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

/** Tells a story, runs what it proposes, and tells it again. */
export async function mend(
  shop: Shop,
  id: string,
  more: Record<string, string> = {},
): Promise<{ before: Story; after: Story }> {
  const before = await tellStory(shop, id);
  assert.ok(before.next, `nothing is proposed: ${endingOf(before)}`);
  const { code, stdout, stderr } = await paste(
    shop,
    before.next.command,
    more,
  );
  assert.equal(code, 0, `${before.next.command}\n${stdout}${stderr}`);
  assert.doesNotMatch(stdout, /"code":"[a-z_]+"/, stdout);
  return { before, after: await tellStory(shop, id) };
}
