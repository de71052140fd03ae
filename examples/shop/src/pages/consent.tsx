import { ConsentLink } from "@/components/tosspayments/consent";
import { useShop } from "@/lib/shop";

/** Where the link of a notice leads that asks for consent (`APP_CONSENT_PATH`). */
export function ConsentPage() {
  const { locale } = useShop();
  const token = new URLSearchParams(location.search).get("token") ?? "";
  return (
    <div className="mx-auto w-full max-w-lg">
      <ConsentLink token={token} locale={locale} />
    </div>
  );
}
