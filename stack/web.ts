import { extname, join, normalize } from "node:path";
import { isLoopbackOrigin } from "../simulator/loopback.ts";
import type { Providers } from "../simulator/providers/providers.ts";
import { PROJECT_ROOT } from "./paths.ts";
import { createEventPage } from "./web-events.ts";
import { answerOperatorPage } from "./web-operator.ts";
import { resultPage, type StackPage } from "./web-result-page.ts";

/** What the page is told about the stack, as `/config.json`. */
export interface WebConfiguration {
  apiUrl: string;
  publishableKey: string;
  /** Empty when no Toss key is known. */
  tossClientKey: string;
  tossApiBaseUrl: string;
}

/** The running web server. */
export interface Web {
  url: string;
  configure(configuration: WebConfiguration): void;
  stop(): Promise<void>;
}

const CONTENT_TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
};

async function exampleFile(path: string): Promise<Response | null> {
  const root = join(PROJECT_ROOT, "examples", "web");
  const name = path === "/" ? "/index.html" : path;
  for (const candidate of [name, `${name}.html`]) {
    // normalize() of an absolute path cannot climb above it.
    const file = join(root, normalize(candidate));
    const content = await Deno.readFile(file).catch(() => null);
    if (content === null) continue;
    const type = CONTENT_TYPES[extname(file)] ?? "application/octet-stream";
    return new Response(content, { headers: { "content-type": type } });
  }
  return null;
}

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

/**
 * Serves `examples/web` on 127.0.0.1, and where it has no such page, a plain
 * one that shows the result of a payment redirect. `/operator` is the operator page, `/mailbox` shows the notices that `providers` have taken, `/events`
 * takes and shows what endpoints are sent.
 *
 * `port` 0 takes a free one. Throws `Deno.errors.AddrInUse` when it is taken.
 */
export function startWeb(port: number, providers: Providers | null): Web {
  let configuration: WebConfiguration | null = null;
  const events = createEventPage();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port, onListen: () => {} },
    async (request) => {
      const url = new URL(request.url);
      if (url.pathname === "/config.json") return Response.json(configuration);
      const operator = await answerOperatorPage(request, {
        projectUrl: configuration?.apiUrl ?? "",
      });
      if (operator !== null) return operator;
      if (url.pathname === "/events") return await events.answer(request);
      if (url.pathname === "/mailbox" && providers !== null) {
        const headers = { "content-type": "text/html; charset=utf-8" };
        return new Response(providers.page(), { headers });
      }
      const path = decodeURIComponent(url.pathname);
      return await exampleFile(path) ??
        resultPage(url, pagesOf(configuration, providers));
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
