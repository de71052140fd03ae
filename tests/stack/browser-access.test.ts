import assert from "node:assert/strict";
import { withStack } from "./project-fixture.ts";

const PAGE = "http://localhost:5173";

const FILES = {
  migrations: {
    "20260101000000_create_notes.sql": `
      create table public.notes (id int primary key);
      grant select on public.notes to anon, authenticated;
    `,
  },
};

Deno.test("Auth and the Data API let pages of any origin in, with the headers that they ask for", async () => {
  await withStack({ files: FILES }, async ({ apiUrl, publishableKey }) => {
    const asked = "apikey,authorization,x-client-info,x-header-of-next-year";
    for (
      const [path, method] of [
        ["/auth/v1/signup", "POST"],
        ["/auth/v1/token?grant_type=password", "POST"],
        ["/auth/v1/user", "PUT"],
        ["/auth/v1/logout?scope=global", "POST"],
        ["/rest/v1/notes", "GET"],
        ["/rest/v1/notes?id=eq.1", "PATCH"],
      ] as const
    ) {
      const answer = await fetch(`${apiUrl}${path}`, {
        method: "OPTIONS",
        headers: {
          origin: PAGE,
          "access-control-request-method": method,
          "access-control-request-headers": asked,
        },
      });
      await answer.body?.cancel();
      const allowed = (name: string) =>
        answer.headers.get(`access-control-allow-${name}`) ?? "";
      assert.equal(answer.status, 204, path);
      assert.equal(allowed("origin"), "*", path);
      assert.equal(allowed("headers"), asked, path);
      assert.ok(allowed("methods").includes(method), path);
    }
    for (
      const [path, status] of [
        ["/rest/v1/notes", 200],
        ["/rest/v1/nothing", 404],
        ["/auth/v1/user", 401],
      ] as const
    ) {
      const answer = await fetch(`${apiUrl}${path}`, {
        headers: { origin: PAGE, apikey: publishableKey },
      });
      await answer.body?.cancel();
      assert.equal(answer.status, status, path);
      // Twice the header is none at all to a browser.
      assert.equal(answer.headers.get("access-control-allow-origin"), "*");
    }
  });
});
