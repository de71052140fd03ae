import assert from "node:assert/strict";
import { join } from "node:path";
import { en } from "../../../examples/operator/texts/en.js";
import { ko } from "../../../examples/operator/texts/ko.js";
import { PROJECT_ROOT } from "../../../stack/paths.ts";
import { answerOperatorPage } from "../../../stack/web-operator.ts";

const FOLDER = join(PROJECT_ROOT, "examples", "operator");

/** What a text is filled in with. */
function placesOf(text: string): string[] {
  return Array.from(text.matchAll(/\{\d\}/g), ([place]) => place).sort();
}

Deno.test("the operator page says the same in Korean and English", () => {
  const english: Record<string, string> = en;
  const korean: Record<string, string> = ko;
  assert.deepEqual(Object.keys(korean), Object.keys(english));
  for (const [key, text] of Object.entries(english)) {
    assert.deepEqual(placesOf(korean[key] ?? ""), placesOf(text), key);
  }
});

Deno.test("the operator page makes no markup of data and keeps nothing", async () => {
  const sources: string[] = [];
  for (const folder of ["", "views", "texts"]) {
    for await (const { name } of Deno.readDir(join(FOLDER, folder))) {
      if (!/\.(js|html)$/.test(name)) continue;
      sources.push(await Deno.readTextFile(join(FOLDER, folder, name)));
    }
  }
  assert.ok(sources.length > 15, `${sources.length} files`);
  for (const source of sources) {
    assert.doesNotMatch(
      source,
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|localStorage|sessionStorage|indexedDB|document\.cookie/,
    );
    assert.doesNotMatch(source, /(?:src|href|from)\s*[=]?\s*"https?:/);
  }
});

/** A project that tells what it was asked. */
async function withProject(
  body: (
    ask: (path: string, init?: RequestInit) => Promise<Response>,
    asked: { url: string; headers: Headers }[],
  ) => Promise<void>,
): Promise<void> {
  const asked: { url: string; headers: Headers }[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      asked.push({
        url: request.url,
        headers: new Headers(request.headers),
      });
      return Response.json({ rows: 1 }, {
        headers: { "x-request-id": "r1", "set-cookie": "a=b" },
      });
    },
  );
  const projectUrl = `http://127.0.0.1:${server.addr.port}`;
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    if (!headers.has("host")) headers.set("host", "127.0.0.1:54390");
    const request = new Request(`http://127.0.0.1:54390${path}`, {
      ...init,
      headers,
    });
    const answer = await answerOperatorPage(request, { projectUrl });
    assert.ok(answer);
    return answer;
  };
  try {
    await body(ask, asked);
  } finally {
    await server.shutdown();
  }
}

const KEY = { apikey: "sb_secret_of_the_page" };

Deno.test("the operator page's relay hands on what the page asks, under another name than a browser's", async () => {
  await withProject(async (ask, asked) => {
    const answer = await ask("/operator/relay/rest/v1/orders?id=eq.1", {
      headers: {
        ...KEY,
        "accept-profile": "public",
        "user-agent": "Mozilla/5.0 Chrome",
        cookie: "a=b",
      },
    });
    assert.deepEqual(await answer.json(), { rows: 1 });
    assert.equal(answer.headers.get("x-request-id"), "r1");
    assert.equal(answer.headers.get("set-cookie"), null);
    const [request] = asked;
    assert.ok(request);
    assert.equal(new URL(request.url).pathname, "/rest/v1/orders");
    assert.equal(new URL(request.url).search, "?id=eq.1");
    assert.equal(request.headers.get("apikey"), KEY.apikey);
    assert.equal(request.headers.get("accept-profile"), "public");
    assert.equal(request.headers.get("cookie"), null);
    assert.doesNotMatch(request.headers.get("user-agent") ?? "", /Mozilla/);
  });
});

Deno.test("the operator page's relay refuses everything else", async () => {
  await withProject(async (ask, asked) => {
    const refused: [string, RequestInit][] = [
      ["/operator/relay/rest/v1/orders", {}],
      ["/operator/relay/rest/v1/orders", { method: "DELETE", headers: KEY }],
      ["/operator/relay/rest/v1/rpc/apply_payment", {
        method: "POST",
        headers: KEY,
      }],
      ["/operator/relay/auth/v1/admin/users", { headers: KEY }],
      ["/operator/relay/rest/v1/../../auth/v1/admin/users", { headers: KEY }],
      ["/operator/relay/functions/v1/operator", {
        method: "OPTIONS",
        headers: KEY,
      }],
      // A page whose name was bound to this machine anew.
      ["/operator/relay/rest/v1/orders", {
        headers: { ...KEY, host: "evil.example" },
      }],
    ];
    for (const [path, init] of refused) {
      const answer = await ask(path, init);
      assert.ok([403, 404, 405].includes(answer.status), path);
      assert.equal(answer.headers.get("access-control-allow-origin"), null);
      await answer.body?.cancel();
    }
    assert.equal(asked.length, 0);
  });
});

Deno.test("the operator page is served with its types, and nothing beside it", async () => {
  await withProject(async (ask) => {
    const page = await ask("/operator/");
    assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
    assert.match(
      page.headers.get("content-security-policy") ?? "",
      /frame-ancestors 'none'/,
    );
    assert.match(await page.text(), /default-src 'none'; script-src 'self'/);
    const script = await ask("/operator/views/today.js");
    assert.match(script.headers.get("content-type") ?? "", /^text\/javascript/);
    await script.body?.cancel();
    const moved = await ask("/operator");
    assert.equal(moved.headers.get("location"), "/operator/");
    for (const path of ["/operator/%2e%2e/%2e%2e/deno.json", "/operator/no"]) {
      const answer = await ask(path).catch(() => null);
      if (answer === null) continue;
      assert.equal(answer.status, 404, path);
      await answer.body?.cancel();
    }
  });
});
