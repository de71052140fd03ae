import { escapeHtml, htmlPage } from "../simulator/window/html.ts";
import type { ShopBuild } from "./shop-build.ts";
import { staticFile } from "./web-files.ts";

/** A place on this machine that the shop's pages lead to. */
export interface DeveloperLinks {
  simulator: string | null;
  mailbox: string | null;
  events: string;
  operator: string;
  docs: string;
}

const NAMES: Record<keyof DeveloperLinks, string> = {
  simulator: "토스 시뮬레이터 · Toss simulator",
  mailbox: "보낸 알림 · Mailbox",
  events: "받은 이벤트 · Events",
  operator: "운영자 · Operator",
  docs: "문서 · Documents",
};

function page(content: string, links: DeveloperLinks): Response {
  const list = Object.entries(NAMES).flatMap(([key, name]) => {
    const url = links[key as keyof DeveloperLinks];
    return url === null
      ? []
      : `<li><a href="${escapeHtml(url)}">${name}</a></li>`;
  });
  return new Response(
    htmlPage(
      "상점 · Shop",
      `${content}\n<ul>\n${list.join("\n")}\n</ul>`,
      "window",
      "dev",
    ),
    { headers: { "content-type": "text/html; charset=utf-8" } },
  );
}

/** What stands in the place of a page that is not built. */
function notBuilt(shop: ShopBuild, links: DeveloperLinks): Response {
  const state = shop.state();
  if (state.kind === "failed") {
    return page(
      `<p>상점을 만들지 못했어요. · The shop could not be built.</p>
<pre style="white-space:pre-wrap;font-size:.75rem">${
        escapeHtml(state.reason)
      }</pre>`,
      links,
    );
  }
  return page(
    `<meta http-equiv="refresh" content="2">
<p>상점을 처음 만들고 있어요. 끝나면 이 화면이 바뀌어요.<br>
The shop is being built for the first time. This page changes when it is done.</p>`,
    links,
  );
}

/**
 * Answers a request for the shop: a file of the build, or the one page that shows every address. Null for what is
 * not a page's address while there is no build.
 */
export async function answerShop(
  shop: ShopBuild,
  path: string,
  links: DeveloperLinks,
): Promise<Response | null> {
  const state = shop.state();
  if (state.kind !== "ready") {
    return path === "/" ? notBuilt(shop, links) : null;
  }
  const file = path === "/" ? null : await staticFile(state.directory, path);
  if (file !== null) return file;
  return path.startsWith("/assets/")
    ? new Response(null, { status: 404 })
    : await staticFile(state.directory, "/index.html");
}
