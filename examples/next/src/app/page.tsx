import Link from "next/link";
import { createPayments } from "@/lib/server";

export default async function ProductsPage() {
  const products = await (await createPayments()).products();
  return (
    <>
      <h1>상품</h1>
      <ul>
        {products.map(({ id, name, price }) => (
          <li key={id}>
            <Link href={`/checkout?productId=${encodeURIComponent(id)}`}>
              {name}, {price.toLocaleString("ko-KR")}원
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
