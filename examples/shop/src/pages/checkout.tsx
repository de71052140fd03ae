import { Link, useLocation, useSearchParams } from "wouter";
import { Checkout } from "@/components/tosspayments/checkout";
import { buttonVariants } from "@/components/ui/button";
import { useShop } from "@/lib/shop";

const TEXT = {
  ko: {
    title: "주문하기",
    empty: "장바구니가 비어 있어요.",
    shop: "상품 보러 가기",
    guest: "로그인하지 않아도 살 수 있어요.",
    back: "장바구니로",
  },
  en: {
    title: "Check out",
    empty: "Your cart is empty.",
    shop: "See the products",
    guest: "You can buy without an account.",
    back: "Back to the cart",
  },
};

/** The cart as an order, and Toss's widget or window to pay it. */
export function CheckoutPage() {
  const { config, session, locale, cart, emptyCart } = useShop();
  const [, navigate] = useLocation();
  const [query] = useSearchParams();
  const text = TEXT[locale];
  const items = Object.entries(cart)
    .map(([productId, quantity]) => ({ productId, quantity }))
    .sort((left, right) => left.productId < right.productId ? -1 : 1);
  const asked = query.get("ui");
  const ui = asked === "window" || asked === "widget" ? asked : config.ui;
  // Who is signed in decides whose order it is.
  if (session === undefined) return null;
  return (
    <div className="mx-auto flex w-full max-w-lg flex-col gap-6">
      <div>
        <h1 className="text-2xl font-bold tracking-tight">{text.title}</h1>
        {session === null && (
          <p className="mt-1 text-muted-foreground">{text.guest}</p>
        )}
      </div>
      {items.length === 0
        ? (
          <>
            <p className="text-muted-foreground">{text.empty}</p>
            <Link className={buttonVariants({ variant: "outline" })} href="/">
              {text.shop}
            </Link>
          </>
        )
        : (
          <>
            <Checkout
              key={locale}
              cart={{ items, ...(ui ? { ui } : {}) }}
              locale={locale}
              onPaid={() => {
                emptyCart();
                navigate("/my");
              }}
            />
            <Link className={buttonVariants({ variant: "link" })} href="/cart">
              {text.back}
            </Link>
          </>
        )}
    </div>
  );
}
