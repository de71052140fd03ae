import { useEffect, useState } from "react";
import {
  Consent,
  type ConsentRow,
  isOpenConsent,
} from "@/components/tosspayments/consent";
import { describePlan } from "@/lib/catalogue";
import { useShop } from "@/lib/shop";

/** What the signed-in buyer is asked at present; nothing when nothing is. */
export function OpenConsents() {
  const { supabase, locale } = useShop();
  const [consents, setConsents] = useState<ConsentRow[]>([]);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    void supabase.from("subscription_consents").select("*")
      .is("closed_at", null).is("voided_at", null)
      .then(({ data }) => setConsents(data ?? []));
  }, [supabase, turn]);
  return consents.filter((consent) => isOpenConsent(consent))
    .map((consent) => (
      <Consent
        key={consent.id}
        consent={consent}
        locale={locale}
        planName={describePlan(consent.plan_id, locale)?.name ??
          consent.plan_id}
        onDecided={() => setTurn((before) => before + 1)}
      />
    ));
}
