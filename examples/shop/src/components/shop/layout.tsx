import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { useShop } from "@/lib/shop";
import { cn } from "@/lib/utils";

const TEXT = {
  ko: {
    shop: "작은 상점",
    products: "상품",
    plans: "구독",
    cart: "장바구니",
    my: "내 페이지",
    signIn: "로그인",
    test: "테스트 모드예요. 실제로 결제되지 않아요.",
    other: "English",
    skip: "본문으로 건너뛰기",
    footer: "supabase-tosspayments 예제 상점",
    developer: "개발",
    simulator: "토스 시뮬레이터",
    mailbox: "보낸 알림",
    events: "받은 이벤트",
    operator: "운영자",
    docs: "문서",
  },
  en: {
    shop: "Small shop",
    products: "Products",
    plans: "Subscriptions",
    cart: "Cart",
    my: "My page",
    signIn: "Sign in",
    test: "Test mode. No real money moves.",
    other: "한국어",
    skip: "Skip to the content",
    footer: "The example shop of supabase-tosspayments",
    developer: "Development",
    simulator: "Toss simulator",
    mailbox: "Mailbox",
    events: "Events",
    operator: "Operator",
    docs: "Documents",
  },
};

function NavLink({ href, children }: { href: string; children: ReactNode }) {
  const [path] = useLocation();
  const isHere = href === "/" ? path === "/" : path.startsWith(href);
  return (
    <Link
      href={href}
      aria-current={isHere ? "page" : undefined}
      className={cn(
        "inline-flex h-11 items-center px-2 text-sm font-medium text-muted-foreground hover:text-foreground",
        isHere && "text-foreground underline decoration-2 underline-offset-8",
      )}
    >
      {children}
    </Link>
  );
}

function DeveloperBar() {
  const { config, locale } = useShop();
  const text = TEXT[locale];
  const { links } = config;
  if (links === undefined) return null;
  const entries: [string, string | null][] = [
    [text.simulator, links.simulator],
    [text.mailbox, links.mailbox],
    [text.events, links.events],
    [text.operator, links.operator],
    [text.docs, links.docs],
  ];
  return (
    <nav
      aria-label={text.developer}
      className="flex flex-wrap items-center gap-x-4 text-sm"
    >
      <span className="font-semibold">{text.developer}</span>
      {entries.map(([name, href]) =>
        href && (
          <a
            key={name}
            href={href}
            className="inline-flex h-11 items-center underline underline-offset-4"
          >
            {name}
          </a>
        )
      )}
    </nav>
  );
}

/** The frame of every page: banner, navigation, content, and in development the pages around the shop. */
export function Layout({ children }: { children: ReactNode }) {
  const { config, session, locale, setLocale, cart } = useShop();
  const text = TEXT[locale];
  const count = Object.values(cart).reduce((sum, n) => sum + n, 0);
  return (
    <div className="flex min-h-screen flex-col">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:p-3 focus:underline"
      >
        {text.skip}
      </a>
      {config.isTest && (
        <p className="bg-[#fdf1d3] px-4 py-1.5 text-center text-sm font-medium text-[#6b4a00]">
          {text.test}
        </p>
      )}
      <header className="sticky top-0 z-10 border-b bg-background/95 backdrop-blur">
        <div className="mx-auto flex w-full max-w-4xl flex-wrap items-center justify-between px-4">
          <Link
            href="/"
            className="inline-flex h-12 items-center text-lg font-extrabold tracking-tight"
          >
            {text.shop}
          </Link>
          <div className="flex items-center sm:order-3">
            <button
              type="button"
              lang={locale === "ko" ? "en" : "ko"}
              className="inline-flex h-11 items-center px-2 text-sm text-muted-foreground hover:text-foreground"
              onClick={() => setLocale(locale === "ko" ? "en" : "ko")}
            >
              {text.other}
            </button>
            <NavLink href="/cart">
              {text.cart}
              {count > 0 && (
                <span className="ml-1 grid min-w-5 place-items-center rounded-full bg-primary px-1 text-xs text-primary-foreground">
                  {count}
                </span>
              )}
            </NavLink>
          </div>
          <nav
            aria-label={text.shop}
            className="-mx-2 flex w-full sm:order-2 sm:mr-auto sm:ml-4 sm:w-auto"
          >
            <NavLink href="/">{text.products}</NavLink>
            <NavLink href="/plans">{text.plans}</NavLink>
            <NavLink href="/my">{session ? text.my : text.signIn}</NavLink>
          </nav>
        </div>
      </header>
      <main
        id="content"
        className="mx-auto w-full max-w-4xl grow px-4 py-6 sm:py-10"
      >
        {children}
      </main>
      <footer className="border-t">
        <div className="mx-auto flex w-full max-w-4xl flex-col gap-1 px-4 py-4 text-muted-foreground">
          <DeveloperBar />
          <p className="text-sm">{text.footer}</p>
        </div>
      </footer>
    </div>
  );
}
