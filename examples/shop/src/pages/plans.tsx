import { useLocation } from "wouter";
import { useSubscription } from "supabase-tosspayments-client/react";
import { SignIn } from "@/components/shop/sign-in";
import { Pricing } from "@/components/tosspayments/pricing";
import { Subscribe } from "@/components/tosspayments/subscribe";
import { describePlan } from "@/lib/catalogue";
import { useShop } from "@/lib/shop";

const TEXT = {
  ko: {
    title: "매달 한 번, 작은 기쁨",
    text: "엽서와 판화를 집으로 보내 드려요.",
    subscribe: "구독하기",
  },
  en: {
    title: "A small joy, every month",
    text: "Postcards and prints, sent to your home.",
    subscribe: "Subscribe",
  },
};

function SignedInPlans() {
  const { subscriptions } = useSubscription();
  const live = subscriptions.filter(({ status }) => status !== "canceled");
  return <PlanList current={live.map(({ plan_id }) => plan_id)} />;
}

function PlanList({ current }: { current: string[] }) {
  const { locale } = useShop();
  const [, navigate] = useLocation();
  return (
    <Pricing
      locale={locale}
      current={current}
      describe={({ id }) => describePlan(id, locale) ?? {}}
      onChoose={({ id }) => navigate(`/plans/${id}`)}
    />
  );
}

/** The plans that are for sale. */
export function PlansPage() {
  const { locale, session } = useShop();
  const text = TEXT[locale];
  return (
    <>
      <h1 className="text-3xl font-extrabold tracking-tight">{text.title}</h1>
      <p className="mt-2 mb-6 text-muted-foreground">{text.text}</p>
      {session ? <SignedInPlans /> : <PlanList current={[]} />}
    </>
  );
}

/** The last step before a subscription. */
export function SubscribePage({ planId }: { planId: string }) {
  const { locale, session } = useShop();
  const [, navigate] = useLocation();
  if (session === undefined) return null;
  if (session === null) return <SignIn />;
  const name = describePlan(planId, locale)?.name;
  return (
    <div className="mx-auto flex w-full max-w-lg flex-col gap-6">
      <h1 className="text-2xl font-bold tracking-tight">
        {TEXT[locale].subscribe}
      </h1>
      <Subscribe
        planId={planId}
        locale={locale}
        {...(name ? { name } : {})}
        onDone={() => navigate("/my")}
      />
    </div>
  );
}
