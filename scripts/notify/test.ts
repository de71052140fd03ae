import { NOTICE_EXAMPLES } from "../../supabase/functions/_shared/notices/examples.ts";
import { sendNotice } from "../../supabase/functions/_shared/notices/send-notice.ts";
import { UsageError } from "../door/errors.ts";
import type { TestOptions } from "./command.ts";
import { noticeSettings } from "./settings.ts";

const HELP: Readonly<Record<string, string>> = {
  rate_limit: "Too many at once, or the quota of the account is used up.",
  configuration: "The key, the sender or the balance: look at the account.",
  outage: "No usable answer. It may have been sent all the same.",
  bad_address: "The provider does not take this address.",
  template_refused: "Kakao does not know the template of SOLAPI_TEMPLATES.",
  refused: "The provider refuses the request.",
};

/** Sends one notice with made-up contents. */
export async function run(
  { notice, to, language }: TestOptions,
): Promise<number> {
  if (notice === undefined || to === undefined) {
    throw new UsageError("Name a notice, and --to an address");
  }
  const channel = to.includes("@") ? "email" : "message";
  const { shop, ...accounts } = await noticeSettings();
  if (accounts[channel] === null) {
    const variable = channel === "email" ? "NOTIFY_EMAIL" : "NOTIFY_MESSAGE";
    console.error(`${variable} is off: docs/notices.md says what it needs.`);
    return 1;
  }
  const outcome = await sendNotice({
    id: crypto.randomUUID(),
    notice,
    address: channel === "email" ? to : to.replaceAll("-", ""),
    language,
    facts: NOTICE_EXAMPLES[notice],
    doubtSince: null,
  }, {
    channel,
    accounts,
    shop,
    // The example is nobody's request.
    consentUrl: () => Promise.resolve(shop.url),
    fetcher: fetch,
  });
  if (outcome.kind === "not_sent") {
    console.error(
      `Not sent: ${outcome.fault} (${outcome.code}). ${HELP[outcome.fault]}`,
    );
    return 1;
  }
  console.log(`Sent, as ${outcome.providerId ?? "one that was sent before"}.`);
  if (outcome.detour !== undefined) {
    console.log(`As a text message: ${outcome.detour}.`);
  }
  return 0;
}
