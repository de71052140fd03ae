import Link from "next/link";
import { createPayments } from "@/lib/server";

export default async function FailPage(
  { searchParams }: PageProps<"/payment/fail">,
) {
  const query = new URLSearchParams(
    Object.entries(await searchParams).map(([name, value]) => [
      name,
      String(value),
    ]),
  );
  const error = (await createPayments()).failure(query);
  return (
    <>
      <h1>결제하지 못했어요</h1>
      <p role="alert">{error?.userMessage}</p>
      <Link href="/">
        {error?.action === "use_another_method"
          ? "다른 결제 수단으로 다시 결제하기"
          : "상품으로 돌아가기"}
      </Link>
    </>
  );
}
