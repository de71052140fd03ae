import { join } from "node:path";
import {
  type NoticeConfig,
  noticeConfig,
  noticeProblems,
} from "../../supabase/functions/_shared/config/notice-config.ts";
import type { Environment } from "../../supabase/functions/_shared/config/environment.ts";
import { readEnvironment } from "../../supabase/functions/_shared/config/read-environment.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { StopError } from "../door/errors.ts";
import { commandEnvironment } from "../project/command-environment.ts";
import { readDotEnv } from "../project/dot-env.ts";

const OURS = /^(?:NOTIFY_|RESEND_|EMAIL_|SOLAPI_|APP_URL$)/;

/** Where the notices of a shop that has no address yet lead to. */
const NO_SHOP = "https://shop.example";

/**
 * The channels and the shop as `.env` and the environment describe them.
 *
 * @throws StopError when one of their variables is wrong
 */
export async function noticeSettings(): Promise<NoticeConfig> {
  const file = await readDotEnv(join(PROJECT_ROOT, ".env"));
  const { sound, problems } = readEnvironment({
    ...file,
    ...commandEnvironment(),
  });
  const wrong = [...problems, ...noticeProblems(sound)].filter((
    { variable, problem },
  ) => OURS.test(variable) && problem !== "is not set");
  if (wrong.length > 0) {
    throw new StopError(
      wrong.map(({ variable, problem }) => `${variable} ${problem}`).join("\n"),
    );
  }
  // Every variable of the notices is sound, and the others are not looked at.
  return noticeConfig(
    { ...sound, APP_URL: sound.APP_URL ?? NO_SHOP } as Environment,
  );
}
