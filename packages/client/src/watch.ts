import type { AnySupabase } from "./call.ts";
import { page } from "./page.ts";

/** What is watched, and how it is read. */
export interface Watched<Value> {
  table: string;
  /** Of Realtime, for example `id=eq.order-1`. */
  filter?: string;
  read: () => Promise<Value>;
  onValue: (value: Value) => void;
  onError?: ((error: unknown) => void) | undefined;
}

const FIRST_MS = 2000;
const LAST_MS = 30_000;

/** Tells when somebody signs in or out; a client with a token of another provider cannot. */
function onOtherUser(supabase: AnySupabase, tell: () => void): () => void {
  try {
    const { data } = supabase.auth.onAuthStateChange((event) => {
      // Later: Auth holds its lock while it tells.
      if (event.startsWith("SIGNED_")) setTimeout(tell);
    });
    return () => data.subscription.unsubscribe();
  } catch {
    return () => {};
  }
}

/**
 * Reads now and whenever something may have changed: on Realtime's word where it is used, when the page is looked at
 * again, and else after 2 s, then ever later, up to every 30 s.
 *
 * @returns ends it
 */
export function watch<Value>(
  { supabase, schema, realtime }: {
    supabase: AnySupabase;
    schema: string;
    realtime: boolean;
  },
  { table, filter, read, onValue, onError }: Watched<Value>,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = FIRST_MS;
  let ended = false;
  let last: string | undefined;

  const refresh = async () => {
    clearTimeout(timer);
    try {
      if (!page.document?.hidden) {
        const value = await read();
        if (ended) return;
        const text = JSON.stringify(value);
        wait = text === last ? Math.min(wait * 1.3, LAST_MS) : FIRST_MS;
        if (text !== last) onValue(value);
        last = text;
      }
    } catch (error) {
      if (!ended) onError?.(error);
    }
    clearTimeout(timer);
    if (!ended) timer = setTimeout(refresh, wait);
  };
  const soon = () => {
    wait = FIRST_MS;
    void refresh();
  };

  const channel = realtime
    ? supabase.channel(`tosspayments-${table}-${Math.random()}`)
      .on("postgres_changes", {
        event: "*",
        schema,
        table,
        ...(filter ? { filter } : {}),
      }, soon)
    : undefined;
  const leave = () => {
    if (channel) void supabase.removeChannel(channel);
  };
  channel?.subscribe((status) => {
    if (status === "SUBSCRIBED") wait = LAST_MS;
    // There is none: asking goes on.
    else if (!ended && status !== "CLOSED") leave();
  });
  page.document?.addEventListener?.("visibilitychange", soon);
  const leaveAuth = onOtherUser(supabase, soon);
  void refresh();
  return () => {
    ended = true;
    leaveAuth();
    clearTimeout(timer);
    page.document?.removeEventListener?.("visibilitychange", soon);
    leave();
  };
}
