"use client";

import { useRouter } from "next/navigation";
import { useState } from "react";
import { TossPaymentsError } from "supabase-tosspayments-client";
import { tossPayments } from "@/lib/browser";

/** Subscribes with a registered card at once; without one Toss's window opens, and comes back to the success route. */
export function SubscribeButton({ planId }: { planId: string }) {
  const router = useRouter();
  const [pending, setPending] = useState(false);
  const [message, setMessage] = useState("");

  async function subscribe() {
    setPending(true);
    setMessage("");
    try {
      const [card] = await tossPayments.paymentMethods();
      await tossPayments.subscribe(planId, {
        billingMethodId: card?.id,
        // The plan travels with the address: the server has no sessionStorage.
        successUrl: `${location.origin}/api/payments/success?planId=${
          encodeURIComponent(planId)
        }`,
        failUrl: `${location.origin}/payment/fail`,
      });
      router.refresh();
    } catch (error) {
      if (!(error instanceof TossPaymentsError)) throw error;
      if (error.code === "unauthorized") router.push("/sign-in");
      setMessage(error.userMessage);
    } finally {
      setPending(false);
    }
  }

  return (
    <>
      <button type="button" disabled={pending} onClick={subscribe}>
        구독하기
      </button>
      {message && <p role="alert">{message}</p>}
    </>
  );
}
