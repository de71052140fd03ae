const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

/** Business days until a payout where a contract says nothing else. */
const USUAL_DAYS = 4;

/** Bank money arrives the next business day, a phone company's when its bill is paid. */
const DAYS: Record<string, number> = {
  계좌이체: 1,
  가상계좌: 1,
  휴대폰: 45,
};

/** The day so many business days after a sale; holidays are not played, weekends are. Days as `yyyy-MM-dd`. */
export function payoutDay(method: string, soldDate: string): string {
  let time = Date.parse(soldDate);
  for (let left = DAYS[method] ?? USUAL_DAYS; left > 0;) {
    time += DAY_MILLISECONDS;
    const weekday = new Date(time).getUTCDay();
    if (weekday !== 0 && weekday !== 6) left--;
  }
  return new Date(time).toISOString().slice(0, 10);
}
