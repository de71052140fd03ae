import { OpenConsents } from "@/components/shop/open-consents";
import { SignIn } from "@/components/shop/sign-in";
import { MyPage } from "@/components/tosspayments/my-page";
import { Button } from "@/components/ui/button";
import { describePlan } from "@/lib/catalogue";
import { useShop } from "@/lib/shop";

const TEXT = {
  ko: { title: "내 페이지", signOut: "로그아웃" },
  en: { title: "My page", signOut: "Sign out" },
};

/** All that a signed-in buyer has. */
export function MyAccountPage() {
  const { locale, session, supabase } = useShop();
  const text = TEXT[locale];
  if (session === undefined) return null;
  if (session === null) return <SignIn />;
  return (
    <div className="mx-auto flex w-full max-w-lg flex-col gap-8">
      <div className="flex items-center justify-between">
        <h1 className="text-2xl font-bold tracking-tight">{text.title}</h1>
        <Button variant="ghost" onClick={() => supabase.auth.signOut()}>
          {text.signOut}
        </Button>
      </div>
      <OpenConsents />
      <MyPage
        locale={locale}
        plansHref="/plans"
        planName={(planId) => describePlan(planId, locale)?.name}
      />
    </div>
  );
}
