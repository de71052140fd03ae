import { useEffect, useState } from "react";
import { Link } from "wouter";
import type { Tables } from "supabase-tosspayments-client";
import { useTossPayments } from "supabase-tosspayments-client/react";
import { ProductPicture } from "@/components/shop/product-picture";
import { Button, buttonVariants } from "@/components/ui/button";
import { Skeleton } from "@/components/ui/skeleton";
import { describeProduct } from "@/lib/catalogue";
import { useShop } from "@/lib/shop";
import { formatMoney } from "@/lib/tosspayments";

const TEXT = {
  ko: {
    title: "장바구니",
    empty: "장바구니가 비어 있어요.",
    shop: "상품 보러 가기",
    total: "합계",
    order: "주문하기",
    window: "결제창으로 결제하기",
    less: "하나 빼기",
    more: "하나 더",
  },
  en: {
    title: "Cart",
    empty: "Your cart is empty.",
    shop: "See the products",
    total: "Total",
    order: "Check out",
    window: "Pay in Toss's window",
    less: "One less",
    more: "One more",
  },
};

/** What is in the cart, and the two ways to pay it. */
export function CartPage() {
  const client = useTossPayments();
  const { config, locale, cart, setQuantity } = useShop();
  const text = TEXT[locale];
  const [products, setProducts] = useState<Tables<"products">[] | null>(null);
  useEffect(() => {
    void client.products().then(setProducts, () => setProducts([]));
  }, [client]);
  const lines = (products ?? []).flatMap((product) => {
    const quantity = cart[product.id] ?? 0;
    return quantity > 0 ? { product, quantity } : [];
  });
  const total = lines.reduce(
    (sum, { product, quantity }) => sum + product.price * quantity,
    0,
  );
  if (products !== null && lines.length === 0) {
    return (
      <div className="flex flex-col items-start gap-4">
        <h1 className="text-2xl font-bold tracking-tight">{text.title}</h1>
        <p className="text-muted-foreground">{text.empty}</p>
        <Link className={buttonVariants({ variant: "outline" })} href="/">
          {text.shop}
        </Link>
      </div>
    );
  }
  return (
    <div className="mx-auto flex w-full max-w-lg flex-col gap-6">
      <h1 className="text-2xl font-bold tracking-tight">{text.title}</h1>
      {products === null
        ? <Skeleton className="h-40 w-full" />
        : (
          <ul className="divide-y border-y">
            {lines.map(({ product, quantity }) => {
              const { name } = describeProduct(product, locale);
              return (
                <li
                  key={product.id}
                  className="flex items-center gap-4 py-4"
                >
                  <div className="w-16 shrink-0 overflow-hidden rounded-lg">
                    <ProductPicture id={product.id} />
                  </div>
                  <div className="grow">
                    <p className="font-semibold">{name}</p>
                    <p className="text-sm tabular-nums text-muted-foreground">
                      {formatMoney(product.price * quantity, locale)}
                    </p>
                  </div>
                  <div className="flex items-center">
                    <Button
                      variant="ghost"
                      size="icon"
                      aria-label={`${name} ${text.less}`}
                      onClick={() => setQuantity(product.id, quantity - 1)}
                    >
                      −
                    </Button>
                    <span className="w-6 text-center tabular-nums">
                      {quantity}
                    </span>
                    <Button
                      variant="ghost"
                      size="icon"
                      aria-label={`${name} ${text.more}`}
                      onClick={() => setQuantity(product.id, quantity + 1)}
                    >
                      +
                    </Button>
                  </div>
                </li>
              );
            })}
          </ul>
        )}
      <div className="flex items-baseline justify-between">
        <span className="font-semibold">{text.total}</span>
        <span className="text-2xl font-bold tabular-nums">
          {formatMoney(total, locale)}
        </span>
      </div>
      <div className="flex flex-col gap-2">
        <Link className={buttonVariants({ size: "lg" })} href="/checkout">
          {text.order}
        </Link>
        {config.ui === "widget" && (
          <Link
            className={buttonVariants({ variant: "link" })}
            href="/checkout?ui=window"
          >
            {text.window}
          </Link>
        )}
      </div>
    </div>
  );
}
