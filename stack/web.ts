import { isLoopbackOrigin } from "../simulator/loopback.ts";
import type { Providers } from "../simulator/providers/providers.ts";
import { join } from "node:path";
import { PROJECT_ROOT } from "./paths.ts";
import type { ShopBuild } from "./shop-build.ts";
import { createEventPage } from "./web-events.ts";
import { staticFile } from "./web-files.ts";
import { answerOperatorPage } from "./web-operator.ts";
import { resultPage, type StackPage } from "./web-result-page.ts";
import { answerShop, type DeveloperLinks } from "./web-shop.ts";

/** What the pages are told about the stack. */
export interface WebConfiguration {
  apiUrl: string;
  publishableKey: string;
  /** Empty when no Toss key is known. */
  tossClientKey: string;
  /** Of the pair for the widget; empty when there is none. */
  tossWidgetClientKey: string;
  tossApiBaseUrl: string;
}

/** The running web server. */
export interface Web {
  url: string;
  configure(configuration: WebConfiguration): void;
  stop(): Promise<void>;
}

/** What the web page shows besides the results of redirects. */
export interface WebParts {
  /** The notices' mailbox; null = none. */
  providers: Providers | null;
  /** The pages of the example shop; null = a list of what else there is. */
  shop: ShopBuild | null;
}

const DOCS = join(PROJECT_ROOT, "docs");

/** What a person may want to look at, of this server and of the simulator. */
function pagesOf(
  configuration: WebConfiguration | null,
  providers: Providers | null,
): StackPage[] {
  const pages: StackPage[] = [
    { url: "/events", korean: "받은 이벤트", english: "Events" },
    { url: "/operator/", korean: "운영자", english: "Operator" },
  ];
  if (providers !== null) {
    pages.push({ url: "/mailbox", korean: "보낸 알림", english: "Mailbox" });
  }
  const toss = configuration?.tossApiBaseUrl ?? "";
  if (isLoopbackOrigin(toss)) {
    pages.push(
      {
        url: `${toss}/my/payment-logs`,
        korean: "테스트 결제내역",
        english: "Test payments",
      },
      {
        url: `${toss}/cash-receipts`,
        korean: "현금영수증",
        english: "Cash receipts",
      },
    );
  }
  return pages;
}

function developerLinks(
  toss: string,
  providers: Providers | null,
): DeveloperLinks {
  return {
    simulator: isLoopbackOrigin(toss) ? `${toss}/my/payment-logs` : null,
    mailbox: providers === null ? null : "/mailbox",
    events: "/events",
    operator: "/operator/",
    docs: "/docs/README.md",
  };
}

/** What a page in the browser needs, as `/config.json`: nothing of it is secret. */
function publicConfiguration(
  { tossApiBaseUrl, tossWidgetClientKey, ...more }: WebConfiguration,
  links: DeveloperLinks,
) {
  const { tossClientKey } = more;
  const isSimulator = isLoopbackOrigin(tossApiBaseUrl);
  const hasWidget = tossWidgetClientKey !== "" ||
    /^(test|live)_gck_/.test(tossClientKey);
  return {
    ...more,
    tossApiBaseUrl,
    // The simulator's script in the place of Toss's own.
    sdkUrl: isSimulator ? `${tossApiBaseUrl}/v2/standard` : null,
    ui: hasWidget ? "widget" : "window",
    isTest: isSimulator || tossClientKey.startsWith("test_"),
    links,
  };
}

/**
 * Serves the example shop on 127.0.0.1 where there is one, and else a plain page that shows the result of a payment
 * redirect. `/mailbox` shows the notices that `providers` have taken, `/events` takes and shows what endpoints are
 * sent, `/operator` is the operator's page, `/docs` the documents.
 *
 * `port` 0 takes a free one. Throws `Deno.errors.AddrInUse` when it is taken.
 */
export function startWeb(port: number, { providers, shop }: WebParts): Web {
  let configuration: WebConfiguration | null = null;
  const events = createEventPage();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port, onListen: () => {} },
    async (request) => {
      const url = new URL(request.url);
      const path = decodeURIComponent(url.pathname);
      const toss = configuration?.tossApiBaseUrl ?? "";
      const links = developerLinks(toss, providers);
      if (path === "/config.json") {
        return Response.json(
          configuration && publicConfiguration(configuration, links),
        );
      }
      const operator = await answerOperatorPage(request, {
        projectUrl: configuration?.apiUrl ?? "",
      });
      if (operator !== null) return operator;
      if (path === "/events") return await events.answer(request);
      if (path === "/mailbox" && providers !== null) {
        const headers = { "content-type": "text/html; charset=utf-8" };
        return new Response(providers.page(), { headers });
      }
      if (path.startsWith("/docs/")) {
        return await staticFile(DOCS, path.slice("/docs".length)) ??
          resultPage(url);
      }
      const page = shop === null ? null : await answerShop(shop, path, links);
      return page ?? resultPage(url, pagesOf(configuration, providers));
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    configure(given) {
      configuration = given;
    },
    stop: () => server.shutdown(),
  };
}
