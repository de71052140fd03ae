import assert from "node:assert/strict";
import { join } from "node:path";
import { readLocalFiles } from "../../scripts/hosted/local-files.ts";
import { createSupabaseCli } from "../../scripts/hosted/supabase-cli.ts";
import {
  boot,
  hostedDeno,
  npmCache,
  npmPackages,
  typeErrors,
  type UploadedFunction,
} from "./hosted-runtime.ts";
import { LIMIT_BYTES, startManagementApi } from "./management-api.ts";
import {
  ACCESS_TOKEN,
  npxVariables,
  PROJECT_REF,
  VARIABLES,
  writeProfile,
} from "./scene.ts";
import { packedSize } from "./packed-size.ts";
import { type Upload, uploadSize, writeUpload } from "./upload.ts";

const { functions } = await readLocalFiles();
let folder: string;
let deno: string;
const uploads = new Map<string, Upload>();

/** Lets the real CLI deploy every function to the stand-in, as `deploy` does. */
async function uploadAll(): Promise<void> {
  const api = startManagementApi({
    projectRef: PROJECT_REF,
    accessToken: ACCESS_TOKEN,
    databaseUrl: () => "",
    secretKey: "",
    publishableKey: "",
  });
  const cli = createSupabaseCli({
    projectRef: PROJECT_REF,
    redact: (text) => text,
  });
  const npx = await npxVariables(folder);
  try {
    for (const name of functions) {
      await cli({
        args: ["functions", "deploy", name, "--use-api", "--yes"],
        environment: {
          ...npx,
          SUPABASE_ACCESS_TOKEN: ACCESS_TOKEN,
          SUPABASE_PROFILE: await writeProfile(folder, api.url),
          SUPABASE_HOME: join(folder, "home"),
        },
      });
      const upload = api.functions.get(name);
      assert.ok(upload, `${name} did not arrive`);
      uploads.set(name, upload);
    }
  } finally {
    await api.stop();
  }
}

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir({ prefix: "uploads-" });
  deno = await hostedDeno(folder);
  await uploadAll();
});

Deno.test.afterAll(async () => {
  await Deno.remove(folder, { recursive: true });
});

/** The uploads outlive a single test, hence no sanitizers. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false, fn });
}

/** The uploaded files of a function in a folder of their own. */
async function unpack(name: string): Promise<UploadedFunction> {
  const upload = uploads.get(name);
  assert.ok(upload);
  const target = join(folder, "uploaded", name);
  await writeUpload(target, upload);
  return { deno, folder: target, upload };
}

for (const name of functions) {
  test(`the upload of ${name} is whole: types, start and answer on the hosted Deno`, async () => {
    const uploaded = await unpack(name);

    assert.deepEqual(uploaded.upload.metadata, {
      ...uploaded.upload.metadata,
      name,
      entrypoint_path: `supabase/functions/${name}/index.ts`,
      import_map_path: "import_map.json",
      verify_jwt: false,
    });
    assert.equal(await typeErrors(uploaded), null);
    await using booted = await boot(uploaded, VARIABLES);
    const isHealth = name === "health";
    const response = await fetch(
      booted.url,
      isHealth ? {} : {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}",
      },
    );
    const body = await response.json();
    if (isHealth) {
      assert.equal(response.status, 200);
      assert.equal(body.status, "ok");
      return;
    }
    assert.ok(
      response.status >= 400 && response.status < 500,
      `${response.status} ${JSON.stringify(body)}`,
    );
    assert.equal(typeof body.code, "string");
    assert.equal(body.requestId, response.headers.get("x-request-id"));
  });
}

test("every upload stays under what the platform bundles on its side", async () => {
  for (const name of functions) {
    const uploaded = await unpack(name);
    const size = uploadSize(uploaded.upload);
    const packed = await packedSize(uploaded.upload, {
      cache: await npmCache(uploaded),
      packages: await npmPackages(uploaded),
    });
    console.log(
      `${name}: ${uploaded.upload.files.size} files, ${size} bytes uploaded; ` +
        `${packed} bytes with its npm packages, compressed; limit ${LIMIT_BYTES}`,
    );
    assert.ok(size < LIMIT_BYTES);
    assert.ok(packed < LIMIT_BYTES);
  }
});
