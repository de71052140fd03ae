import { type NextRequest, NextResponse } from "next/server";
import { TossPaymentsError } from "supabase-tosspayments-client";
import { createPayments } from "@/lib/server";

/**
 * The guides' success route. Toss appends paymentKey, orderId and amount; `complete` has them confirmed, by the function
 * that compares the amount with the order before it asks Toss. A reload answers the same.
 */
export async function GET(request: NextRequest): Promise<NextResponse> {
  const { searchParams } = request.nextUrl;
  const to = (path: string, query: Record<string, string> = {}) =>
    NextResponse.redirect(
      new URL(`${path}?${new URLSearchParams(query)}`, request.url),
      303,
    );
  try {
    const completion = await (await createPayments()).complete(searchParams);
    if (completion?.kind === "payment") {
      const { orderId, status } = completion;
      return to(`/orders/${orderId}`, { status });
    }
    return to(completion === null ? "/" : "/members");
  } catch (error) {
    if (!(error instanceof TossPaymentsError)) throw error;
    const { code, userMessage: message, action, orderId, tossCode } = error;
    return to("/payment/fail", {
      code,
      message,
      action,
      ...(orderId ? { orderId } : {}),
      ...(tossCode ? { tossCode } : {}),
    });
  }
}
