import { useEffect, useState } from "react";
import type { Tables } from "supabase-tosspayments-client";
import { useTossPayments } from "supabase-tosspayments-client/react";
import { ProductPicture } from "@/components/shop/product-picture";
import { Alert, AlertTitle } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { Skeleton } from "@/components/ui/skeleton";
import { describeProduct } from "@/lib/catalogue";
import { useShop } from "@/lib/shop";
import { formatMoney } from "@/lib/tosspayments";

const TEXT = {
  ko: {
    title: "작지만 오래 쓰는 것들",
    text: "토스페이먼츠와 Supabase로 파는 예제 상점이에요.",
    add: "담기",
    inCart: (n: number) => `담았어요 (${n})`,
    left: (n: number) => `${n}개 남음`,
    sold: "품절",
    failed: "상품을 불러오지 못했어요. 새로고침해 주세요.",
  },
  en: {
    title: "Small things that last",
    text: "An example shop that sells with TossPayments and Supabase.",
    add: "Add to cart",
    inCart: (n: number) => `In the cart (${n})`,
    left: (n: number) => `${n} left`,
    sold: "Sold out",
    failed: "The products could not be loaded. Please reload the page.",
  },
};

const FEW = 3;

/** The products, and the button that puts one into the cart. */
export function ProductsPage() {
  const client = useTossPayments();
  const { locale, cart, setQuantity } = useShop();
  const text = TEXT[locale];
  const [products, setProducts] = useState<Tables<"products">[] | null>(null);
  const [isFailed, setFailed] = useState(false);
  useEffect(() => {
    void client.products().then(setProducts, () => setFailed(true));
  }, [client]);
  return (
    <>
      <h1 className="text-3xl font-extrabold tracking-tight sm:text-4xl">
        {text.title}
      </h1>
      <p className="mt-2 mb-6 text-muted-foreground">{text.text}</p>
      {isFailed && (
        <Alert variant="destructive">
          <AlertTitle>{text.failed}</AlertTitle>
        </Alert>
      )}
      <ul className="grid grid-cols-2 gap-x-4 gap-y-8 sm:grid-cols-3 lg:grid-cols-4">
        {products === null && !isFailed && [1, 2, 3, 4].map((n) => (
          <li key={n}>
            <Skeleton className="aspect-square w-full" />
          </li>
        ))}
        {products?.filter(({ active }) => active).map((product) => {
          const { name, text: about } = describeProduct(product, locale);
          const count = cart[product.id] ?? 0;
          const isSold = product.stock !== null && product.stock <= count;
          return (
            <li
              key={product.id}
              data-product={product.id}
              className="flex flex-col gap-2"
            >
              <div className="overflow-hidden rounded-xl">
                <ProductPicture id={product.id} />
              </div>
              <div className="grow">
                <h2 className="font-semibold">{name}</h2>
                <p className="text-sm text-muted-foreground">{about}</p>
              </div>
              <p className="font-bold tabular-nums">
                {formatMoney(product.price, locale, product.currency)}
                {product.stock !== null && product.stock <= FEW && (
                  <span className="ml-2 text-sm font-medium text-destructive">
                    {product.stock === 0 ? text.sold : text.left(product.stock)}
                  </span>
                )}
              </p>
              <Button
                variant={count > 0 ? "secondary" : "outline"}
                disabled={isSold}
                aria-label={`${name} ${text.add}`}
                onClick={() => setQuantity(product.id, count + 1)}
              >
                {count > 0 ? text.inCart(count) : text.add}
              </Button>
            </li>
          );
        })}
      </ul>
    </>
  );
}
