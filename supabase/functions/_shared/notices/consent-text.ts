import type { Language, Shop } from "./notice.ts";
import { writeNotice } from "./write-notice.ts";

/** What a subscriber is asked to agree to. */
interface AskedConsent {
  planName: string;
  amountBefore: number | null;
  amountAfter: number;
  effectiveAt: string;
  kind: string;
  methodNumber: string | null;
  endsWithout: boolean;
}

const BUTTONS: Readonly<Record<Language, { give: string; refuse: string }>> = {
  ko: { give: "동의해요", refuse: "동의하지 않아요" },
  en: { give: "I agree", refuse: "I do not agree" },
};

/** What a request for consent says on a page, as its notice does, and its two buttons. */
export function writeConsent(
  consent: AskedConsent,
  language: Language,
  shop: Shop,
) {
  const { subject, lead, rows, closing } = writeNotice({
    notice: "consent_asked",
    language,
    facts: {
      planName: consent.planName,
      amount: consent.amountAfter,
      amountBefore: consent.amountBefore,
      effectiveAt: consent.effectiveAt,
      consentKind: consent.kind,
      cardNumber: consent.methodNumber,
      endsWithout: consent.endsWithout,
    },
    shop,
  });
  return { title: subject, lead, rows, closing, ...BUTTONS[language] };
}
