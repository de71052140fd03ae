import type { Shop } from "./shop.ts";

/** Requests that an action cost: `rest` to the database, `toss` to Toss. */
export interface RoundTrips {
  rest: string[];
  toss: string[];
}

/** Remembers where both request logs stand; the answer lists what came after. */
export function watchRoundTrips({ stack, simulator }: Shop): () => RoundTrips {
  const restBefore = stack.restRequests.length;
  const tossBefore = simulator.requests().length;
  return () => ({
    rest: stack.restRequests.slice(restBefore).map(({ path }) => path),
    toss: simulator.requests().slice(tossBefore)
      .map(({ method, path }) => `${method} ${path}`),
  });
}
