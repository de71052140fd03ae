import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import { withStack } from "./project-fixture.ts";

const FILES = {
  migrations: {
    "20260101000000_create_tables.sql": `
      create table public.ungranted (id int primary key);
      create sequence public.ungranted_sequence;
      create table public.callers (role text);
      insert into public.callers values ('anyone');
      grant select on public.callers to anon, authenticated, service_role;
      create function public.caller() returns text language sql
        set search_path = '' as $$ select current_user::text $$;
    `,
  },
};

Deno.test("migrations run without superuser rights, and grant nothing by themselves", async () => {
  await withStack({ files: FILES }, async ({ sql }) => {
    const [table] = await sql`
      select tableowner, (
        select rolsuper from pg_roles where rolname = tableowner
      ) as superuser
      from pg_tables where tablename = 'ungranted'`;
    assert.deepEqual(table, { tableowner: "postgres", superuser: false });
    const granted = await sql`
      select role, name
      from unnest(array['anon', 'authenticated', 'service_role']) as role,
        unnest(array['public.ungranted', 'public.ungranted_sequence']) as name
      where case when name like '%sequence'
        then has_sequence_privilege(role, name, 'usage, select, update')
        else has_table_privilege(role, name, 'select, insert, update, delete')
      end`;
    assert.deepEqual([...granted], []);
    const defaults = await sql`select * from pg_default_acl`;
    assert.deepEqual([...defaults], []);
  });
});

Deno.test("the API gives every kind of key its role, and none without one", async () => {
  await withStack({ files: FILES }, async (stack) => {
    const rpc = `${stack.apiUrl}/rest/v1/rpc/caller`;
    const call = async (headers: Record<string, string>) => {
      const answer = await fetch(rpc, { method: "POST", headers });
      const body = await answer.text();
      return answer.ok ? JSON.parse(body) : answer.status;
    };
    const visitor = createClient(stack.apiUrl, stack.publishableKey, {
      auth: { persistSession: false, autoRefreshToken: false },
    });
    const { data } = await visitor.auth.signUp({
      email: "person@example.com",
      password: "a-long-password",
    });
    const apikey = stack.publishableKey;
    const authorization = `Bearer ${data.session?.access_token}`;
    assert.equal(await call({ apikey: stack.secretKey }), "service_role");
    assert.equal(await call({ apikey }), "anon");
    assert.equal(await call({ apikey, authorization }), "authenticated");
    assert.equal(await call({}), 401);
    assert.equal(await call({ apikey: "sb_secret_guessed" }), 401);
    const secret = `Bearer ${stack.secretKey}`;
    assert.equal(await call({ authorization: secret }), 401);
  });
});

Deno.test("the gateway counts every request to the Data API", async () => {
  await withStack({ files: FILES }, async (stack) => {
    const client = createClient(stack.apiUrl, stack.secretKey);
    await client.from("callers").select("role");
    await client.rpc("caller");
    assert.deepEqual(
      stack.restRequests.map(({ method, path }) => `${method} ${path}`),
      ["GET /rest/v1/callers?select=role", "POST /rest/v1/rpc/caller"],
    );
  });
});
