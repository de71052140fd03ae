import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { ACCESS_TOKEN, PROJECT_REF, VARIABLES, writeProfile } from "./scene.ts";

interface Result {
  code: number;
  stdout: string;
  /** Lines that are not empty. */
  errors: string[];
}

/** Runs a command against a management API at which nobody listens. */
async function run(
  script: string,
  environment: Record<string, string>,
): Promise<Result> {
  const folder = await Deno.makeTempDir({ prefix: "deploy-unreachable-" });
  try {
    using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const address = `http://127.0.0.1:${silent.addr.port}`;
    silent.close();
    const inherited = Object.entries(Deno.env.toObject())
      .filter(([name]) => !name.startsWith("SUPABASE_"));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["task", "--quiet", "toss", script, `--project-ref=${PROJECT_REF}`],
        "--dry-run",
      ],
      cwd: PROJECT_ROOT,
      clearEnv: true,
      env: {
        ...Object.fromEntries(inherited),
        ...VARIABLES,
        SUPABASE_HOME: join(folder, "home"),
        SUPABASE_PROFILE: await writeProfile(folder, address),
        ...environment,
      },
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return {
      code,
      stdout: decoder.decode(stdout),
      errors: decoder.decode(stderr).split("\n").filter((line) => line !== ""),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const script of ["deploy", "uninstall"]) {
  Deno.test(`${script} says in one line that the management API cannot be reached`, async () => {
    const { code, stdout, errors } = await run(script, {
      SUPABASE_ACCESS_TOKEN: ACCESS_TOKEN,
    });

    assert.equal(code, 1);
    assert.match(
      stdout,
      /^Looking at rehearsalofdeploymen through the Supabase CLI; nothing is changed yet/,
    );
    assert.equal(errors.length, 2, errors.join("\n"));
    assert.match(
      errors[0] ?? "",
      /^Supabase's management API cannot be reached \(.+\)\./,
    );
    assert.equal(errors[1], "Nothing was changed.");
  });

  Deno.test(`${script} without a token says where to get one, and that nothing was changed`, async () => {
    const { code, errors } = await run(script, {});

    assert.equal(code, 1);
    assert.equal(errors.length, 2, errors.join("\n"));
    assert.match(
      errors[0] ?? "",
      /^There is no access token\. Make one at https:\/\/supabase\.com\/dashboard\/account\/tokens /,
    );
    assert.equal(errors[1], "Nothing was changed.");
  });
}

Deno.test("deploy names a password that is not encoded before it asks anybody", async () => {
  const { code, errors } = await run("deploy", {
    SUPABASE_ACCESS_TOKEN: ACCESS_TOKEN,
    SUPABASE_DB_URL: "postgresql://postgres:50%off@db.example:5432/postgres",
  });

  assert.equal(code, 2);
  assert.equal(errors.length, 1, errors.join("\n"));
  assert.match(
    errors[0] ?? "",
    /^deploy: The password in SUPABASE_DB_URL .* write % as %25/,
  );
});
