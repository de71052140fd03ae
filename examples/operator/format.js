const SEOUL = "Asia/Seoul";

/** Amounts, times and shares as people of a language write them; times are those of Seoul. */
export function formatsFor(language) {
  const locale = language === "ko" ? "ko-KR" : "en-GB";
  const time = new Intl.DateTimeFormat(locale, {
    timeZone: SEOUL,
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const date = new Intl.DateTimeFormat(locale, {
    timeZone: SEOUL,
    month: "short",
    day: "numeric",
    weekday: "short",
  });
  const tick = new Intl.DateTimeFormat(locale, {
    timeZone: SEOUL,
    month: "numeric",
    day: "numeric",
  });
  const share = new Intl.NumberFormat(locale, {
    style: "percent",
    maximumFractionDigits: 1,
  });
  const number = new Intl.NumberFormat(locale);
  return {
    /** Won, or the minor unit of another currency. */
    money(amount, currency = "KRW") {
      const format = new Intl.NumberFormat(locale, {
        style: "currency",
        currency,
        currencyDisplay: "narrowSymbol",
      });
      return format.format(
        amount / 10 ** format.resolvedOptions().maximumFractionDigits,
      );
    },
    time: (at) =>
      at === null || at === undefined ? "–" : time.format(new Date(at)),
    /** A day in Seoul as `YYYY-MM-DD`. */
    day: (day) => date.format(new Date(`${day}T12:00:00+09:00`)),
    /** The same, as short as it goes. */
    tick: (day) => tick.format(new Date(`${day}T12:00:00+09:00`)),
    share: (value) =>
      value === null || value === undefined ? "–" : share.format(value),
    number: (value) => number.format(value),
  };
}

/** The day in Seoul that lies so many days before `now`, as `YYYY-MM-DD`. */
export function seoulDay(now, daysBefore = 0) {
  return new Intl.DateTimeFormat("en-CA", { timeZone: SEOUL }).format(
    now.getTime() - daysBefore * 86_400_000,
  );
}
