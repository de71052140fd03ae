import { runCommand, type Values } from "./command/run-command.ts";
import { wholeNumber } from "./command/whole-number.ts";
import { describeFinding, explore } from "../proofs/subscriptions/explore.ts";

const HELP =
  `Drives subscriptions through random lives and compares them with a small model.

  npx -y deno task subscription-model [options]

Each sequence is the life of one user: registrations, subscriptions, changes,
cards that decline and are removed, lost answers, refunds in Toss's dashboard,
weeks without a job. After every step the answer, the subscriptions, the access
and every won must be what docs/subscriptions.md says, and
invariant_violations() must be empty. What differs is made as short as it gets.

  --seed N        the first sequence; the others follow (1)
  --sequences N   how many (2000)
  --steps N       how long each is (60)
  --worlds N      databases side by side (2)
  --help

The exit code is 1 when something differs.`;

const OPTIONS = {
  seed: { type: "string", default: "1" },
  sequences: { type: "string", default: "2000" },
  steps: { type: "string", default: "60" },
  worlds: { type: "string", default: "2" },
} as const;

async function run(values: Values<typeof OPTIONS>): Promise<number> {
  const read = (name: keyof typeof OPTIONS) =>
    wholeNumber(name, values[name], { from: 1, to: 2 ** 31 - 1 });
  const sequences = read("sequences");
  const result = await explore({
    seed: read("seed"),
    sequences,
    steps: read("steps"),
    worlds: read("worlds"),
    onSequence: (done) => {
      if (done % 50 === 0) console.error(`${done} of ${sequences} sequences`);
    },
  });
  for (const finding of result.findings) console.log(describeFinding(finding));
  const perStep = result.milliseconds / result.steps;
  console.log(
    `${result.sequences} sequences, ${result.steps} steps in ${
      (result.milliseconds / 60_000).toFixed(1)
    } minutes, ${
      perStep.toFixed(1)
    } ms a step; ${result.findings.length} differ`,
  );
  return result.findings.length === 0 ? 0 : 1;
}

await runCommand({
  name: "subscription-model",
  help: HELP,
  options: OPTIONS,
  run,
});
