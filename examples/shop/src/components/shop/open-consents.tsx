import { useEffect, useState } from "react";
import type { Consent as ConsentRow } from "supabase-tosspayments-client";
import { useTossPayments } from "supabase-tosspayments-client/react";
import { Consent, isOpenConsent } from "@/components/tosspayments/consent";
import { describePlan } from "@/lib/catalogue";
import { useShop } from "@/lib/shop";

/** What the signed-in buyer is asked at present; nothing when nothing is. */
export function OpenConsents() {
  const { locale } = useShop();
  const client = useTossPayments();
  const [consents, setConsents] = useState<ConsentRow[]>([]);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    void client.consents().then(setConsents, () => {});
  }, [client, turn]);
  return consents.filter((consent) => isOpenConsent(consent))
    .map((consent) => (
      <Consent
        key={consent.id}
        consent={consent}
        locale={locale}
        planName={describePlan(consent.plan_id, locale)?.name ??
          consent.plan?.name ?? consent.plan_id}
        onDecided={() => setTurn((before) => before + 1)}
      />
    ));
}
