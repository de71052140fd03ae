import { NOTICES } from "../../supabase/functions/_shared/notices/notice.ts";
import { defineCommand, defineGroup, later } from "../door/command.ts";
import {
  argument,
  oneOf,
  text,
  type Values,
  withDefault,
} from "../door/options.ts";

const notice = oneOf("<notice>", NOTICES, NOTICES.join(", "));
const language = withDefault(
  oneOf("<language>", ["ko", "en"], "ko or en"),
  "ko",
);

const PREVIEW = {
  notice: argument(notice),
  into: withDefault(text("<folder>", "where the files go"), ".local/notices"),
};

const TEST = {
  notice: argument(notice),
  to: text("<address>", "an e-mail address or a mobile number; required"),
  language,
};

/** What `notify preview` is given. */
export type PreviewOptions = Values<typeof PREVIEW>;
/** What `notify test` is given. */
export type TestOptions = Values<typeof TEST>;

const SHOP =
  "The shop's name and address are those of EMAIL_FROM and APP_URL, from .env or the environment.";

const preview = defineCommand({
  call: "toss notify preview",
  summary: "Write what a notice says to files, all of them without a name",
  about:
    "Of each notice and language: the e-mail as HTML and text, the text message, and the text to register at Kakao as its template.",
  examples: ["", "receipt", "renewal_upcoming --into /tmp/notices"],
  options: PREVIEW,
  notes: SHOP,
  load: later<typeof import("./preview.ts")>(
    import.meta.resolve("./preview.ts"),
  ),
});

const test = defineCommand({
  call: "toss notify test",
  summary: "Send one notice with made-up contents",
  about:
    "To an e-mail address through Resend, to a mobile number through Solapi.",
  examples: [
    "receipt --to me@shop.example",
    "virtual_account --to 01012345678 --language en",
  ],
  options: TEST,
  notes:
    `Channels are configured by the variables of docs/notices.md, from .env or the environment. ${SHOP}`,
  load: later<typeof import("./test.ts")>(import.meta.resolve("./test.ts")),
});

export const notify = defineGroup({
  call: "toss notify",
  summary: "See and try the notices to buyers",
  parts: [["Notices", [preview, test]]],
  about: "What they say and when: docs/notices.md",
});
