import assert from "node:assert/strict";
import { join } from "node:path";
import { emptyProject } from "../support/client-package.ts";
import { compile, TEMPLATES } from "./support/compile.ts";
import { fencesOf } from "./support/markdown.ts";
import { readProjectFile } from "./support/pages.ts";

/** The files that the page shows, and its unnamed pieces of TypeScript as one that uses them. */
async function shownFiles(): Promise<Map<string, string>> {
  const fences = fencesOf(await readProjectFile("docs/frontend.md"))
    .filter(({ language }) => language.startsWith("ts"));
  const named = fences.filter(({ marker }) => marker !== "");
  const pieces = fences.filter(({ marker }) => marker === "")
    .map(({ code }) => code);
  assert.ok(named.length > 1 && pieces.length > 3);
  return new Map([
    ...named.map(({ marker, code }) => [marker, code] as const),
    ["page.ts", pieces.join("\n")],
  ]);
}

Deno.test("docs/frontend.md: its code compiles beside the packed client under the options of each template", async (t) => {
  await using project = await emptyProject();
  for (const [name, options] of Object.entries(TEMPLATES)) {
    await t.step(name, async () => {
      const files = await shownFiles();
      assert.deepEqual(await compile(files, options, project), []);
    });
  }

  await t.step(
    "the client's types are there, and refuse what is wrong",
    async () => {
      const files = new Map([[
        "wrong.ts",
        `import { createClient } from "@supabase/supabase-js";
import { createTossPayments, type Database, type TossPaymentsError } from "supabase-tosspayments-client";
import { useOrder } from "supabase-tosspayments-client/react";
import { bankName } from "supabase-tosspayments-client/names";
const supabase = createClient<Database>("https://a.supabase.co", "key");
const tossPayments = createTossPayments(supabase);
void tossPayments.checkout({ item: [] });
void tossPayments.confirm({ orderId: "a", paymentKey: "b", amount: "1" });
export function details(error: TossPaymentsError): number | undefined {
  if (error.code === "already_subscribed") return error.details?.available;
  return error.code === "insufficient_stock" ? error.details?.available : undefined;
}
export const status: "unheard" | undefined = useOrder("a").order?.status;
export const name: number = bankName("88");
`,
      ]]);
      const found = await compile(files, TEMPLATES.Vite ?? {}, project);
      const codes = found.map((line) => /TS(\d+)/.exec(line)?.[1]).sort();
      assert.deepEqual(
        codes,
        ["2322", "2322", "2322", "2339", "2353"],
        found.join("\n"),
      );
    },
  );

  await t.step(
    "loadTossPayments of Toss's package fits, and any shop's Database",
    async () => {
      const files = new Map([[
        "right.ts",
        `import { createClient } from "@supabase/supabase-js";
import { loadTossPayments } from "@tosspayments/tosspayments-sdk";
import { createTossPayments, type Database } from "supabase-tosspayments-client";
type Own = { public: Database["public"] & { Tables: { notes: { Row: { id: number }; Insert: { id: number }; Update: { id: number }; Relationships: [] } } } };
export const clients = [
  createTossPayments(createClient("https://a.supabase.co", "key"), { loadTossPayments }),
  createTossPayments(createClient<Own>("https://a.supabase.co", "key")),
];
`,
      ]]);
      for (const options of Object.values(TEMPLATES)) {
        assert.deepEqual(await compile(files, options, project), []);
      }
    },
  );

  await t.step("Node and Deno import the package", async () => {
    const script =
      `const { createTossPayments, TossPaymentsError } = await import("supabase-tosspayments-client");
const { bankName } = await import("supabase-tosspayments-client/names");
const client = createTossPayments({ functions: { invoke: async (name) => ({ data: { name }, error: null }) } }, { prefix: "shop-" });
console.log((await client.health()).name, bankName("88"), client.failure("code=USER_CANCEL") instanceof TossPaymentsError);`;
    await Deno.writeTextFile(join(project.folder, "try.mjs"), script);
    // Else Deno reads the configuration of the repository above.
    await Deno.writeTextFile(
      join(project.folder, "deno.json"),
      JSON.stringify({ nodeModulesDir: "manual" }),
    );
    for (
      const [command, ...args] of [
        ["node", "try.mjs"],
        [Deno.execPath(), "run", "-A", "--no-lock", "try.mjs"],
      ]
    ) {
      const { stdout, stderr } = await new Deno.Command(command ?? "", {
        args,
        cwd: project.folder,
      }).output();
      const [out, err] = [stdout, stderr].map((bytes) =>
        new TextDecoder().decode(bytes)
      );
      assert.equal(out, "shop-health 신한은행 true\n", err);
    }
  });
});

Deno.test("docs/frontend.md: the compiler would find what those options forbid", async () => {
  await using project = await emptyProject();
  const files = new Map([[
    "wrong.ts",
    `import { UserResponse } from "@supabase/supabase-js";
export class Wrong { constructor(readonly answer: UserResponse) {} }
const unused = 1;
`,
  ]]);
  const found = await compile(files, TEMPLATES.Vite ?? {}, project);
  const codes = found.map((line) => /TS(\d+)/.exec(line)?.[1]).sort();
  // An unused name, a type imported as a value, a parameter property.
  assert.deepEqual(codes, ["1294", "1484", "6133"]);
});
