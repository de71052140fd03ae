import { toReadableTime } from "../simulator/korean-time.ts";
import { escapeHtml, htmlPage } from "../simulator/window/html.ts";
import { cell, TABLE_STYLE } from "../simulator/window/table.ts";

/** An event that the page shows. */
interface ShownEvent {
  /** Milliseconds since the Unix epoch. */
  receivedAt: number;
  id: string;
  type: string;
  body: string;
}

/** The page of `dev` that an endpoint may name: it takes every event and shows the last ones. */
export interface EventPage {
  answer(request: Request): Promise<Response>;
}

const KEPT = 100;
const MAXIMUM_BYTES = 64 * 1024;

/** The body as a person reads it; what is no JSON, as it came. */
function readable(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function row(event: ShownEvent): string {
  return `<tr>
${cell("받은 시각", toReadableTime(event.receivedAt), "time")}
${cell("종류", `<b>${escapeHtml(event.type)}</b>`)}
${cell("webhook-id", `<code>${escapeHtml(event.id)}</code>`)}
${cell("본문", `<pre>${escapeHtml(readable(event.body))}</pre>`, "body")}
</tr>`;
}

function page(events: readonly ShownEvent[]): string {
  const content = events.length === 0
    ? "<p>아직 받은 이벤트가 없어요. · No events yet.</p>"
    : `<table>
<thead><tr><th>받은 시각 · Received</th><th>종류 · Type</th><th>webhook-id</th><th>본문 · Body</th></tr></thead>
<tbody>
${events.map(row).join("\n")}
</tbody>
</table>`;
  return htmlPage(
    "받은 이벤트 · Events",
    `<meta http-equiv="refresh" content="5"><style>${TABLE_STYLE}</style>\n${content}`,
    "wide",
    "dev",
  );
}

function typeOf(body: string): string {
  try {
    return String(JSON.parse(body).type);
  } catch {
    return "?";
  }
}

/** Makes a page that has seen nothing yet. */
export function createEventPage(): EventPage {
  const events: ShownEvent[] = [];
  return {
    async answer(request) {
      if (request.method === "GET") {
        return new Response(page(events), {
          headers: { "content-type": "text/html; charset=utf-8" },
        });
      }
      if (request.method !== "POST") {
        return new Response(null, { status: 405 });
      }
      const body = (await request.text()).slice(0, MAXIMUM_BYTES);
      events.unshift({
        receivedAt: Date.now(),
        id: request.headers.get("webhook-id") ?? "",
        type: typeOf(body),
        body,
      });
      events.splice(KEPT);
      return new Response(null, { status: 204 });
    },
  };
}
