import type { Options } from "./command.ts";
import {
  describeFinding,
  explore,
} from "../../../proofs/subscriptions/explore.ts";

/** Explores that many sequences; 1 when one of them differs from the model. */
export async function run(options: Options): Promise<number> {
  const result = await explore({
    ...options,
    onSequence: (done) => {
      if (done % 50 !== 0) return;
      console.error(`${done} of ${options.sequences} sequences`);
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
