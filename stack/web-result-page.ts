interface Title {
  korean: string;
  english: string;
}

/** A page of the stack that the start page leads to. */
export interface StackPage extends Title {
  url: string;
}

const TITLES: Record<string, Title> = {
  "/payment/success": {
    korean: "결제창에서 돌아왔어요",
    english: "Back from the payment window",
  },
  "/payment/fail": {
    korean: "완료하지 못했어요",
    english: "Not completed",
  },
  "/": { korean: "로컬 스택이 실행 중이에요", english: "The stack is running" },
};

/** What the redirects of `confirm` and `billing-issue` say as `status`. */
const RESULTS: Record<string, Title> = {
  confirmed: { korean: "결제가 완료되었어요", english: "Paid" },
  waiting_for_deposit: {
    korean: "입금을 기다리고 있어요",
    english: "Waiting for the deposit",
  },
  processing: {
    korean: "결과를 확인하고 있어요",
    english: "The result is not known yet",
  },
  issued: { korean: "카드가 등록되었어요", english: "Card registered" },
  trialing: { korean: "무료 체험이 시작되었어요", english: "Trial started" },
  active: { korean: "구독이 시작되었어요", english: "Subscribed" },
};

const NOT_FOUND = { korean: "없는 페이지예요", english: "No such page" };

const STYLE = `
* { box-sizing: border-box; }
body { margin: 0; padding: 1.5rem 1rem; background: #f2f4f6; color: #191f28;
  font: 1rem/1.5 system-ui, "Apple SD Gothic Neo", "Noto Sans KR", sans-serif;
  word-break: keep-all; }
main { max-width: 26rem; margin: 0 auto; padding: 1.5rem; background: #fff;
  border-radius: 1rem; box-shadow: 0 2px 12px rgb(0 0 0 / 8%); }
h1 { margin: 0; font-size: 1.25rem; }
p { margin: 0 0 1rem; color: #6b7684; font-size: .875rem; }
dl { margin: 0; font-size: .875rem; }
dl > div { padding: .625rem 0; border-top: 1px solid #e5e8eb; }
dt { color: #6b7684; }
dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
ul { margin: 0; padding: 0; list-style: none; font-size: .875rem; }
li { border-top: 1px solid #e5e8eb; }
li a { display: block; padding: .75rem 0; color: #1b64da; text-decoration: none; }
li a:hover { text-decoration: underline; }
`;

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** An amount with its thousands apart; every other parameter as it came. */
function readable(name: string, value: string): string {
  return name === "amount" && /^\d{1,15}$/.test(value)
    ? `${Number(value).toLocaleString("ko-KR")}원`
    : value;
}

function titleOf(url: URL): Title | undefined {
  const known = TITLES[url.pathname];
  const status = url.searchParams.get("status") ?? "";
  return url.pathname === "/payment/success" && Object.hasOwn(RESULTS, status)
    ? RESULTS[status]
    : known;
}

function listOf(pages: readonly StackPage[]): string {
  const items = pages.map(({ url, korean, english }) =>
    `<li><a href="${escapeHtml(url)}">${korean} · ${english}</a></li>`
  );
  return `<ul>\n${items.join("\n")}\n</ul>`;
}

/**
 * Shows where a payment redirect has landed, with its query, in Korean and
 * English. Paths other than `/` and the defaults of APP_SUCCESS_PATH and APP_FAIL_PATH answer 404.
 * `/` lists `pages`.
 */
export function resultPage(
  url: URL,
  pages: readonly StackPage[] = [],
): Response {
  const known = titleOf(url);
  const { korean, english } = known ?? NOT_FOUND;
  const rows = Array.from(
    url.searchParams,
    ([name, value]) =>
      `<div><dt>${escapeHtml(name)}</dt><dd>${
        escapeHtml(readable(name, value))
      }</dd></div>`,
  );
  const page = `<!doctype html>
<html lang="ko">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${korean} · ${english}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${korean}</h1>
<p lang="en">${english}</p>
<dl>
${rows.join("\n")}
</dl>
${url.pathname === "/" ? listOf(pages) : ""}
</main>
</body>
</html>
`;
  return new Response(page, {
    status: known === undefined ? 404 : 200,
    headers: { "content-type": "text/html; charset=utf-8" },
  });
}
