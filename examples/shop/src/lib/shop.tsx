import {
  createClient,
  type Session,
  type SupabaseClient,
} from "@supabase/supabase-js";
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useState,
} from "react";
import { createTossPayments } from "supabase-tosspayments-client";
import { TossPaymentsProvider } from "supabase-tosspayments-client/react";
import type { ShopConfig } from "@/lib/config";
import type { Locale } from "@/lib/tosspayments";

/** How many of each product are in the cart. */
export type CartLines = Readonly<Record<string, number>>;

interface Shop {
  config: ShopConfig;
  supabase: SupabaseClient;
  /** Undefined until it is known. */
  session: Session | null | undefined;
  locale: Locale;
  setLocale: (locale: Locale) => void;
  cart: CartLines;
  setQuantity: (productId: string, quantity: number) => void;
  emptyCart: () => void;
}

const Context = createContext<Shop | null>(null);

/** What every page of the shop needs. */
export function useShop(): Shop {
  const shop = useContext(Context);
  if (shop === null) throw new Error("There is no ShopProvider.");
  return shop;
}

/** A value that the browser keeps; other tabs of the shop see it too. */
function useKept<Value>(name: string, first: Value) {
  const [value, setValue] = useState<Value>(() => {
    try {
      return JSON.parse(localStorage.getItem(name) ?? "null") ?? first;
    } catch {
      return first;
    }
  });
  useEffect(() => {
    const onStorage = ({ key, newValue }: StorageEvent) => {
      if (key === name) setValue(JSON.parse(newValue ?? "null") ?? first);
    };
    addEventListener("storage", onStorage);
    return () => removeEventListener("storage", onStorage);
    // `first` is a constant of the caller's.
  }, [name]);
  return [
    value,
    (next: Value) => {
      localStorage.setItem(name, JSON.stringify(next));
      setValue(next);
    },
  ] as const;
}

const NO_LINES: CartLines = {};

function firstLocale(): Locale {
  return /^en\b/i.test(navigator.language) ? "en" : "ko";
}

/** Gives the pages the clients, the session, the language and the cart. */
export function ShopProvider(
  { config, children }: { config: ShopConfig; children: ReactNode },
) {
  const [locale, setLocale] = useKept<Locale>("shop-locale", firstLocale());
  const [cart, setCart] = useKept("shop-cart", NO_LINES);
  const [session, setSession] = useState<Session | null>();
  const supabase = useMemo(
    () => createClient(config.apiUrl, config.publishableKey),
    [config],
  );
  const toss = useMemo(
    () =>
      createTossPayments(supabase, {
        // Toss's window takes the language of the page, and so do the functions.
        language: () => document.documentElement.lang === "en" ? "en" : "ko",
        // Its own pages, so that guests learn how their payment ended.
        successUrl: `${location.origin}/payment/success`,
        failUrl: `${location.origin}/payment/fail`,
        // Toss's own loader, with the first window.
        loadTossPayments: async (clientKey, options) => {
          const { loadTossPayments } = await import(
            "@tosspayments/tosspayments-sdk"
          );
          return await loadTossPayments(clientKey, options);
        },
        ...(config.sdkUrl ? { sdkUrl: config.sdkUrl } : {}),
      }),
    [supabase, config],
  );
  useEffect(() => {
    document.documentElement.lang = locale;
    document.title = locale === "ko" ? "작은 상점" : "Small shop";
  }, [locale]);
  useEffect(() => {
    void supabase.auth.getSession()
      .then(({ data }) => setSession(data.session));
    const { data } = supabase.auth.onAuthStateChange((_event, now) => {
      setSession(now);
    });
    return () => data.subscription.unsubscribe();
  }, [supabase]);
  const setQuantity = (productId: string, quantity: number) => {
    const { [productId]: _before, ...others } = cart;
    setCart(quantity > 0 ? { ...others, [productId]: quantity } : others);
  };
  return (
    <Context.Provider
      value={{
        config,
        supabase,
        session,
        locale,
        setLocale,
        cart,
        setQuantity,
        emptyCart: () => setCart(NO_LINES),
      }}
    >
      <TossPaymentsProvider client={toss}>{children}</TossPaymentsProvider>
    </Context.Provider>
  );
}
