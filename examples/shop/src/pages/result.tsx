import {
  PaymentFailure,
  PaymentResult,
} from "@/components/tosspayments/payment-result";
import { useShop } from "@/lib/shop";

const LINKS = {
  shop: "/",
  checkout: "/checkout",
  plans: "/plans",
  myPage: "/my",
};

/** Where Toss's window and the functions' redirects lead. */
export function ResultPage({ kind }: { kind: "success" | "fail" }) {
  const { locale, session, emptyCart } = useShop();
  // A registration is confirmed with the buyer's token.
  if (session === undefined) return null;
  return (
    <div className="mx-auto w-full max-w-lg">
      {kind === "fail"
        ? <PaymentFailure locale={locale} links={LINKS} />
        : (
          <PaymentResult
            locale={locale}
            links={LINKS}
            onDone={({ kind }) => {
              if (kind === "payment") emptyCart();
            }}
          />
        )}
    </div>
  );
}
