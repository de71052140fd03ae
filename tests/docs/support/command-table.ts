/** How a command of the documents is proven to work. */
export type Proof =
  /**
   * Run as a reader would, in the page's order, against a local stack. `prints` must match its output; an error of
   * ours or of Toss is none that a document promises, unless `mayBeRefused`.
   */
  | { kind: "run"; prints?: RegExp; mayBeRefused?: boolean }
  /** Run by another test or script of this project. */
  | { kind: "test"; by: string }
  /** Its `--help` is run, and must know every option of the command. */
  | { kind: "help" }
  /** Cannot be run here. */
  | { kind: "elsewhere"; why: string };

/** One row of the table: the first whose pattern fits a command holds. */
export interface CommandRule {
  /** Only on this page; on every page when it is missing. */
  page?: string;
  pattern: RegExp;
  proof: Proof;
}

const TASK = String.raw`^(?:npx -y )?deno task `;

/** The start of a `deno task` command. */
function task(rest: string): RegExp {
  return new RegExp(TASK + rest);
}

const RUN: Proof = { kind: "run" };
const HELP: Proof = { kind: "help" };
const HOSTED = "needs a hosted project";

function by(file: string): Proof {
  return { kind: "test", by: file };
}

function elsewhere(why: string): Proof {
  return { kind: "elsewhere", why };
}

/** Every command of every page, in a shell block. */
export const COMMAND_RULES: readonly CommandRule[] = [
  // Pages whose commands have a test of their own.
  {
    page: "docs/webhooks.md",
    pattern: /^(BODY|TIME|SIGNATURE)=|^curl /,
    proof: by("tests/e2e/webhook/docs.test.ts"),
  },
  {
    page: "docs/doctor.md",
    pattern: task("doctor"),
    proof: by("tests/e2e/doctor/docs.test.ts"),
  },
  {
    page: "docs/quick-start.md",
    pattern: /^(cp |node -e '.*randomBytes|npx -y deno task (deploy|doctor))/s,
    proof: by("tests/deploy/quick-start.test.ts"),
  },
  {
    page: "docs/events.md",
    pattern: /^curl .*\$WEB_URL\/events/s,
    proof: by("tests/e2e/events/page.test.ts"),
  },
  { page: "docs/events.md", pattern: /^curl /, proof: RUN },
  {
    page: "docs/events.md",
    pattern: /^WEBHOOK_ALLOW_PRIVATE=on npx -y deno task dev$/,
    proof: by("tests/e2e/events/endpoints.test.ts"),
  },
  {
    page: "docs/quick-start.md",
    pattern: /^node -e '.*createServer/s,
    proof: by("tests/browser/quick-start.test.ts"),
  },
  {
    page: "docs/operations.md",
    pattern: /^npx -y deno task (deploy|toss uninstall)/,
    proof: by("tests/deploy/deploy.test.ts"),
  },

  {
    page: "docs/subscriptions.md",
    pattern: /^export BILLING_KEY_ENCRYPTION_KEYS=/,
    proof: by("tests/e2e/charge/commands.test.ts"),
  },

  // The project's own tasks.
  { pattern: task("demo$"), proof: by("tests/docs/readme.test.ts") },
  {
    pattern: /^npx -y deno task dev$/,
    proof: by("tests/stack/dev.test.ts"),
  },
  { pattern: task("(test|check)$"), proof: by(".ci/run") },
  {
    pattern: /^(eval "\$\()?npx -y deno task status(\)")?$/,
    proof: RUN,
  },
  { pattern: task("doctor$"), proof: { kind: "run", prints: /\b0 fail$/m } },
  { pattern: task("toss replay "), proof: { kind: "run", prints: /event/ } },
  {
    pattern: task("toss reconcile$"),
    proof: { kind: "run", prints: /compared, \d+ healed, 0 open/ },
  },
  {
    pattern: task("toss (erase|export) \\$ORDER_ID"),
    proof: { kind: "run", prints: /orders/ },
  },
  { pattern: task(""), proof: HELP },
  {
    pattern: /^FLOOD_EVENTS=\d+ npx -y deno test .*webhook\/flood\.test\.ts$/,
    proof: by("tests/e2e/webhook/flood.test.ts"),
  },

  {
    pattern: /^SHOP_PICTURES=\S+ npx -y deno task test browser$/,
    proof: by("tests/browser/shop/pages.test.ts"),
  },

  // What a reader sends to the stack.
  {
    pattern: /^curl .*\/__simulator\//s,
    proof: RUN,
  },
  {
    pattern: /^curl -s \$FUNCTIONS_URL\/health .*echo well$/,
    proof: { kind: "run", prints: /^well$/m },
  },
  {
    pattern: /^curl -s \$FUNCTIONS_URL\/health/,
    proof: { kind: "run", prints: /"configuration":/ },
  },
  {
    pattern: /^curl -s \$FUNCTIONS_URL\/confirm/,
    proof: { kind: "run", prints: /"status":"confirmed"/ },
  },
  {
    pattern: /^curl -s "?\$FUNCTIONS_URL\/webhook/,
    proof: { kind: "run", prints: /"received":true/ },
  },
  {
    pattern: /^curl -s \$FUNCTIONS_URL\/worker/,
    proof: { kind: "run", prints: /"job":"/ },
  },
  {
    pattern: /^curl .*\/rest\/v1\/(alerts|rpc\/invariant_violations)"/,
    proof: { kind: "run", prints: /^\[\]$/m },
  },
  { pattern: /^curl .*\$(API_URL|FUNCTIONS_URL)\//s, proof: RUN },
  {
    pattern: /^([A-Z_]+=\$\()?curl -s .*\$SIM\/v1\//s,
    proof: { kind: "run", mayBeRefused: true },
  },
  {
    pattern:
      /^(json\(\)|echo "|sleep \d+$|[A-Z_]+=(\$\(|http:|test_sk_simulator|'\{))/,
    proof: RUN,
  },
  { pattern: /^export FUNCTIONS_URL=\$SUPABASE_URL\//, proof: RUN },

  // What only the reader has.
  { pattern: /^export SUPABASE_/, proof: elsewhere(HOSTED) },
  {
    pattern: /^(git clone|cd) /,
    proof: elsewhere("needs the repository's address"),
  },
  {
    pattern: /^npx shadcn add /,
    proof: elsewhere("shadcn asks its own site for its components"),
  },
  {
    pattern: /^npm install (@|supabase-tosspayments-client )/,
    proof: elsewhere("changes the reader's own project"),
  },
  {
    pattern: /^npx -y supabase@[\d.]+ (start|functions serve)/,
    proof: elsewhere("needs Docker"),
  },
  { pattern: /^ngrok /, proof: elsewhere("needs an account and a tunnel") },
  {
    pattern: /^CI=true bash \.ci\/run$/,
    proof: elsewhere("is the whole CI, on Debian 12 as root"),
  },
];
