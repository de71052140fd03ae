import { notSent, type SendOutcome } from "./channels/outcome.ts";
import { type ResendAccount, sendEmail } from "./channels/resend.ts";
import { sendMessage, type SolapiAccount } from "./channels/solapi.ts";
import {
  type Channel,
  type Language,
  noticeFacts,
  NOTICES,
  type Shop,
} from "./notice.ts";
import { renderEmail } from "./render/email.ts";
import { renderMessage, templateVariables } from "./render/message.ts";
import { writeNotice } from "./write-notice.ts";

/** The channels that a shop has; null = not that one. */
export interface Accounts {
  email: ResendAccount | null;
  message: SolapiAccount | null;
}

/** One notice for one address. */
export interface OutgoingNotice {
  id: string;
  notice: string;
  address: string;
  language: Language;
  facts: unknown;
  doubtSince: string | null;
}

/** Writes a notice for a channel and hands it over. Never rejects; nothing of the buyer's is in the outcome. */
export async function sendNotice(
  outgoing: OutgoingNotice,
  { channel, accounts, shop, consentUrl, fetcher }: {
    channel: Channel;
    accounts: Accounts;
    shop: Shop;
    /** Where a request for consent is answered. */
    consentUrl: (consentId: string) => Promise<string>;
    fetcher: typeof fetch;
  },
): Promise<SendOutcome> {
  const { id, address: to, language, doubtSince } = outgoing;
  const notice = NOTICES.find((name) => name === outgoing.notice);
  const facts = noticeFacts.safeParse(outgoing.facts);
  // Written by a version that knows more than this one, or by hand.
  if (notice === undefined || !facts.success) {
    return notSent("refused", "unknown_contents");
  }
  const { consentId } = facts.data;
  const text = writeNotice({
    notice,
    language,
    facts: consentId
      ? { ...facts.data, consentUrl: await consentUrl(consentId) }
      : facts.data,
    shop,
  });
  const { email, message } = accounts;
  if (channel === "email" && email !== null) {
    const content = renderEmail(text, { language, shop });
    return await sendEmail(fetcher, email, { id, notice, to, ...content });
  }
  if (channel === "message" && message !== null) {
    return await sendMessage(fetcher, message, {
      id,
      notice,
      to,
      content: renderMessage(text, shop),
      // Kakao approves one text a template, and ours are in Korean.
      variables: language === "ko" ? templateVariables(text, shop) : null,
      doubtSince,
    });
  }
  return notSent("configuration", "channel_is_off");
}
