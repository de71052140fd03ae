import type { Locale } from "@/lib/tosspayments";

/** What the shop says about what it sells; the database knows names in one language and no pictures. */
const PRODUCTS: Record<string, Record<Locale, { name: string; text: string }>> =
  {
    tshirt: {
      ko: { name: "토스 티셔츠", text: "도톰한 면 100%, 유니섹스" },
      en: { name: "T-shirt", text: "Heavy cotton, unisex" },
    },
    mug: {
      ko: { name: "머그컵", text: "손으로 빚은 350ml" },
      en: { name: "Mug", text: "Hand-thrown, 350 ml" },
    },
    sticker: {
      ko: { name: "스티커 세트", text: "방수 스티커 여섯 장" },
      en: { name: "Sticker set", text: "Six, waterproof" },
    },
    "limited-print": {
      ko: { name: "한정판 포스터", text: "번호가 적힌 리소 인쇄 A3" },
      en: { name: "Limited print", text: "Numbered riso print, A3" },
    },
  };

const PLANS: Record<string, Record<Locale, { name: string; text: string }>> = {
  basic: {
    ko: { name: "베이직", text: "매달 엽서 한 장" },
    en: { name: "Basic", text: "A postcard every month" },
  },
  pro: {
    ko: { name: "프로", text: "매달 엽서와 작은 판화" },
    en: { name: "Pro", text: "A postcard and a small print" },
  },
  "pro-yearly": {
    ko: { name: "프로 연간", text: "한 번에 결제하고 두 달은 무료" },
    en: { name: "Pro, yearly", text: "Paid at once, two months free" },
  },
};

/** A product in the shop's own words; the database's name where it has none. */
export function describeProduct(
  product: { id: string; name: string },
  locale: Locale,
): { name: string; text: string } {
  return PRODUCTS[product.id]?.[locale] ?? { name: product.name, text: "" };
}

/** A plan in the shop's own words. */
export function describePlan(
  planId: string,
  locale: Locale,
): { name: string; text: string } | undefined {
  return PLANS[planId]?.[locale];
}
