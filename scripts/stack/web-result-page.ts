const TITLES: Record<string, { korean: string; english: string }> = {
  "/payment/success": {
    korean: "결제가 처리되었어요",
    english: "Payment handled",
  },
  "/payment/fail": {
    korean: "결제를 완료하지 못했어요",
    english: "Payment not completed",
  },
  "/": { korean: "로컬 스택이 실행 중이에요", english: "The stack is running" },
};

const NOT_FOUND = { korean: "없는 페이지예요", english: "No such page" };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** An amount with its thousands apart; every other parameter as it came. */
function readable(name: string, value: string): string {
  return name === "amount" && /^\d{1,15}$/.test(value)
    ? `${Number(value).toLocaleString("ko-KR")}원`
    : value;
}

/**
 * Shows where a payment redirect has landed, with its query, in Korean and
 * English. Paths other than `/` and the defaults of APP_SUCCESS_PATH and APP_FAIL_PATH answer 404.
 */
export function resultPage(url: URL): Response {
  const known = TITLES[url.pathname];
  const { korean, english } = known ?? NOT_FOUND;
  const rows = Array.from(
    url.searchParams,
    ([name, value]) =>
      `<dt>${escapeHtml(name)}</dt><dd>${
        escapeHtml(readable(name, value))
      }</dd>`,
  );
  const page = `<!doctype html>
<html lang="ko">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${korean} · ${english}</title>
<style>
  body { font: 16px/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
  dt { font-weight: 600; }
  dd { margin: 0 0 .5rem; overflow-wrap: anywhere; }
</style>
<h1>${korean}</h1>
<p lang="en">${english}</p>
<dl>${rows.join("")}</dl>
</html>
`;
  return new Response(page, {
    status: known === undefined ? 404 : 200,
    headers: { "content-type": "text/html; charset=utf-8" },
  });
}
