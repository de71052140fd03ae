import assert from "node:assert/strict";
import {
  type Dev,
  devEnvironment,
  runToss,
  startDev,
} from "../stack/dev-fixture.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import {
  COMMAND_RULES,
  type CommandRule,
  type Proof,
} from "./support/command-table.ts";
import { fencesOf } from "./support/markdown.ts";
import { readPages, readProjectFile } from "./support/pages.ts";
import { runSession } from "./support/shell-session.ts";
import { splitCommands } from "./support/split-commands.ts";

/** A command of a page, and the rule that says how it is proven. */
interface Known {
  page: string;
  command: string;
  rule: CommandRule | null;
}

function ruleFor(page: string, command: string): CommandRule | null {
  return COMMAND_RULES.find((candidate) =>
    (candidate.page ?? page) === page && candidate.pattern.test(command)
  ) ?? null;
}

async function readCommands(): Promise<Known[]> {
  // The Korean pages have the same commands: structure.test.ts.
  const pages = (await readPages())
    .filter(({ path }) => !path.endsWith(".ko.md"));
  const known = await Promise.all(
    pages.flatMap(({ path, text }) =>
      fencesOf(text).filter(({ language }) => language === "sh")
        .map(async ({ code }) =>
          (await splitCommands(code)).map((command): Known => ({
            page: path,
            command,
            rule: ruleFor(path, command),
          }))
        )
    ),
  );
  return known.flat();
}

const commands = await readCommands();

function withProof<Kind extends Proof["kind"]>(kind: Kind) {
  type Wanted = Extract<Proof, { kind: Kind }>;
  return commands.flatMap(({ page, command, rule }) =>
    rule?.proof.kind === kind
      ? [{ page, command, proof: rule.proof as Wanted }]
      : []
  );
}

Deno.test("every command of the documents is known to the table", () => {
  const unknown = commands.filter(({ rule }) => rule === null)
    .map(({ page, command }) => `${page}: ${command}`);
  assert.deepEqual(unknown, []);
  assert.ok(commands.length > 60, `${commands.length} commands`);

  const counts = (["run", "test", "help", "elsewhere"] as const)
    .map((kind) => `${withProof(kind).length} ${kind}`);
  console.log(`${commands.length} commands: ${counts.join(", ")}`);
  for (const { page, command, proof } of withProof("elsewhere")) {
    console.log(`  not run here, ${proof.why}: ${page}: ${command}`);
  }
});

Deno.test("no row of the table is left over", () => {
  const used = new Set(commands.map(({ rule }) => rule));
  const idle = COMMAND_RULES.filter((rule) => !used.has(rule))
    .map(({ pattern }) => pattern.source);
  assert.deepEqual(idle, []);
});

Deno.test("what is run by another test is really there", async () => {
  for (const by of new Set(withProof("test").map(({ proof }) => proof.by))) {
    const text = await readProjectFile(by);
    assert.ok(text.length > 0, by);
  }
});

Deno.test("every option of a task stands in its --help", async () => {
  const { tasks } = JSON.parse(await readProjectFile("deno.json"));
  const asked = new Map<string, Set<string>>();
  for (const { page, command } of withProof("help")) {
    const [, name = "", rest = ""] =
      /deno task ((?:toss (?:notify )?|prove )?\S+)(.*)$/s.exec(command) ??
        [];
    const [task = ""] = name.split(" ");
    assert.ok(Object.hasOwn(tasks, task), `${page}: there is no task ${task}`);
    const options = rest.match(/--[a-z-]+/g) ?? [];
    asked.set(name, new Set([...asked.get(name) ?? [], ...options]));
  }
  for (const [name, options] of asked) {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", ...name.split(" "), "--help"],
      cwd: PROJECT_ROOT,
      stdin: "null",
      stderr: "null",
    }).output();
    const help = new TextDecoder().decode(stdout);
    assert.equal(code, 0, `${name} --help`);
    for (const option of options) {
      if (option === "--help") continue;
      assert.ok(help.includes(option), `${name} --help lacks ${option}`);
    }
  }
});

let folder = "";
let dev: Dev | undefined;

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir({ prefix: "docs-stack-" });
  dev = await startDev({
    ...devEnvironment(folder),
    // subscriptions.md shows one.
    AD_HOC_CHARGES: "on",
  });
});

Deno.test.afterAll(async () => {
  dev?.process.kill("SIGTERM");
  await dev?.process.status;
  await Deno.remove(folder, { recursive: true });
});

async function stackVariables(port: string): Promise<Record<string, string>> {
  const { stdout } = await runToss("status", {
    environment: { PORT: port },
  });
  return Object.fromEntries(
    Array.from(
      stdout.matchAll(/^(\w+)="(.*)"$/gm),
      ([, name = "", value = ""]) => [name, value],
    ),
  );
}

async function post(
  url: string,
  body: unknown,
  apikey: string,
): Promise<Record<string, string>> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", apikey },
    body: JSON.stringify(body),
  });
  return await answer.json();
}

/** What stands in the place of `<orderId>` and the like: a paid order and its webhook. */
async function examples(
  variables: Record<string, string>,
): Promise<Record<string, string>> {
  const { FUNCTIONS_URL, TOSS_API_BASE_URL, PUBLISHABLE_KEY = "" } = variables;
  const send = (url: string, body: unknown) => post(url, body, PUBLISHABLE_KEY);
  const order = await send(`${FUNCTIONS_URL}/checkout`, {
    items: [{ productId: "sticker", quantity: 1 }],
  });
  const { orderId = "", amount } = order;
  const { paymentKey = "" } = await send(
    `${TOSS_API_BASE_URL}/__simulator/payments`,
    { orderId, amount },
  );
  await send(`${FUNCTIONS_URL}/confirm`, { orderId, amount, paymentKey });
  const { eventId = "" } = await send(`${FUNCTIONS_URL}/webhook`, {
    eventType: "example",
  });
  return {
    "<orderId>": orderId,
    "<paymentKey>": paymentKey,
    "<id>": eventId,
    "http://127.0.0.1:54380": TOSS_API_BASE_URL ?? "",
  };
}

function fillIn(command: string, values: Record<string, string>): string {
  return Object.entries(values).reduce(
    (text, [place, value]) => text.replaceAll(place, value),
    command,
  );
}

/** The commands of a page; one that goes on from the five-minute start has that before it. */
function sessionOf(page: string) {
  const all = withProof("run");
  const own = all.filter((entry) => entry.page === page);
  const text = own.map(({ command }) => command).join("\n");
  const isContinued = ["ORDER_ID", "TOKEN"].some((name) =>
    text.includes(`$${name}`) && !text.includes(`${name}=`)
  );
  const start = all.filter((entry) => entry.page === "README.md");
  return isContinued ? [...start, ...own] : own;
}

/** An error of ours or of Toss, where a document promises success. */
function isRefusal(output: string): boolean {
  return /^\{"code":"[^"]+",/m.test(output);
}

Deno.test({
  name: "the commands of every page work in the page's order",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(t) {
    assert.ok(dev, "dev did not start");
    const { port } = dev;
    const variables = await stackVariables(port);
    const values = await examples(variables);
    // The simulator's page changes how Toss behaves, so it comes last.
    const pages = [...new Set(withProof("run").map(({ page }) => page))]
      .sort((a, b) =>
        Number(a.includes("simulator")) - Number(b.includes("simulator"))
      );
    for (const page of pages) {
      await t.step(page, async () => {
        const known = sessionOf(page);
        const outcomes = await runSession(
          known.map(({ command }) => fillIn(command, values)),
          {
            ...variables,
            PORT: port,
            SUPABASE_URL: variables.API_URL ?? "",
            SUPABASE_SECRET_KEY: variables.SECRET_KEY ?? "",
          },
        );
        for (const [index, { command, status, output }] of outcomes.entries()) {
          const said = `${command}\n${output}`;
          assert.equal(status, 0, said);
          const { prints, mayBeRefused } = known[index]?.proof ?? {};
          assert.ok(mayBeRefused || !isRefusal(output), said);
          if (prints !== undefined) assert.match(output, prints, said);
        }
      });
    }
  },
});
