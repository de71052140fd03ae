import { CheckoutWidget } from "./widget";

export default async function CheckoutPage(
  { searchParams }: PageProps<"/checkout">,
) {
  const { productId } = await searchParams;
  return (
    <>
      <h1>결제하기</h1>
      <CheckoutWidget productId={String(productId ?? "")} />
    </>
  );
}
