/** A request that pg_net would have sent, and what the worker answered. */
export interface WakeUp {
  method: string;
  path: string;
  authorization: string | null;
  contentType: string | null;
  body: unknown;
  answer: { status: number; body: unknown };
}

/** A running recorder. */
export interface WakeUpRecorder {
  url: string;
  wakeUps: WakeUp[];
  stop(): Promise<void>;
}

/** Stands in front of a stack: notes every request and hands it on unchanged. */
export function startWakeUpRecorder(stackUrl: string): WakeUpRecorder {
  const wakeUps: WakeUp[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      const text = await request.text();
      const answer = await fetch(`${stackUrl}${pathname}`, {
        method: request.method,
        headers: request.headers,
        body: text,
      });
      const body: unknown = await answer.json();
      wakeUps.push({
        method: request.method,
        path: pathname,
        authorization: request.headers.get("authorization"),
        contentType: request.headers.get("content-type"),
        body: JSON.parse(text),
        answer: { status: answer.status, body },
      });
      return Response.json(body, { status: answer.status });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    wakeUps,
    stop: () => server.shutdown(),
  };
}
