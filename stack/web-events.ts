/** An event that the page shows. */
interface ShownEvent {
  receivedAt: string;
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

const STYLE = `
body { margin: 1.5rem; color: #191f28; font: .875rem/1.5 system-ui, sans-serif; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .375rem .75rem; border-bottom: 1px solid #e5e8eb; text-align: left; vertical-align: top; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
`;

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function page(events: readonly ShownEvent[]): string {
  const rows = events.map((event) => {
    const cells = [event.receivedAt, event.type, event.id].map((text) =>
      `<td>${escapeHtml(text)}</td>`
    );
    return `<tr>${cells.join("")}<td><pre>${
      escapeHtml(event.body)
    }</pre></td></tr>`;
  });
  return `<!doctype html>
<html lang="ko"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<title>Events 이벤트</title><style>${STYLE}</style></head><body>
<h1>Events 이벤트</h1>
<table><thead><tr><th>Received 받은 시각</th><th>type</th><th>webhook-id</th><th>Body 본문</th></tr></thead>
<tbody>${rows.join("")}</tbody></table>
</body></html>`;
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
        receivedAt: new Date().toISOString(),
        id: request.headers.get("webhook-id") ?? "",
        type: typeOf(body),
        body,
      });
      events.splice(KEPT);
      return new Response(null, { status: 204 });
    },
  };
}
