import { createPayments } from "@/lib/server";

/** A signed-in buyer sees the order as the database has it; a guest what the confirm has answered. */
export default async function OrderPage(
  { params, searchParams }: PageProps<"/orders/[id]">,
) {
  const [{ id }, { status }] = [await params, await searchParams];
  const order = await (await createPayments()).order(id);
  const paid = (order?.status ?? status) === "paid" || status === "confirmed";
  return (
    <>
      <h1>{paid ? "결제했어요" : "결제를 확인하고 있어요"}</h1>
      <p>
        {order?.order_name ?? id}
        {order && `, ${order.amount.toLocaleString("ko-KR")}원`}
      </p>
      {order?.payments[0]?.receipt_url && (
        <a href={order.payments[0].receipt_url}>영수증</a>
      )}
    </>
  );
}
