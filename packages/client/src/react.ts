/**
 * Hooks around the client: state for what is read, `pending` and `error` for what is done.
 *
 * @module
 */
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useState,
} from "react";
import type { Cart, RegisterOptions, TossPayments, Watch } from "./client.ts";
import type { Completion } from "./complete.ts";
import { asTossPaymentsError, type TossPaymentsError } from "./error.ts";
import type { SubscriptionPreview } from "./functions.ts";
import type { CheckoutAnswer } from "./generated/api.ts";
import type { Tables } from "./generated/tables.ts";
import { givesAccess, type Order, type Subscription } from "./reads.ts";
import type { Widget, WidgetOptions, WindowOptions } from "./windows.ts";

const Client = createContext<TossPayments | null>(null);

/** Gives the hooks below it their client. */
export function TossPaymentsProvider(
  { client, children }: { client: TossPayments; children?: ReactNode },
): ReactElement {
  return createElement(Client.Provider, { value: client }, children);
}

/** The provider's client. */
export function useTossPayments(): TossPayments {
  const client = useContext(Client);
  if (client === null) throw new Error("There is no TossPaymentsProvider.");
  return client;
}

/** Something that the buyer does. */
export interface Doing {
  /** Whether it is under way: what disables a button. */
  pending: boolean;
  /** Why the last one was refused. */
  error: TossPaymentsError | null;
}

const IDLE: Doing = { pending: false, error: null };

function useDoing(): Doing & {
  run: <Value>(what: () => Promise<Value>) => Promise<Value | undefined>;
  reset: () => void;
} {
  const [doing, setDoing] = useState(IDLE);
  const run = useCallback(
    async <Value>(what: () => Promise<Value>): Promise<Value | undefined> => {
      setDoing({ pending: true, error: null });
      try {
        const value = await what();
        setDoing(IDLE);
        return value;
      } catch (error) {
        setDoing({ pending: false, error: asTossPaymentsError(error) });
        return undefined;
      }
    },
    [],
  );
  const reset = useCallback(() => setDoing(IDLE), []);
  useEffect(() => {
    // Back from Toss's window the page may be the one that was left, still waiting.
    const onShow = (event: Event) => {
      if ((event as Event & { persisted?: boolean }).persisted) reset();
    };
    globalThis.addEventListener?.("pageshow", onShow);
    return () => globalThis.removeEventListener?.("pageshow", onShow);
  }, [reset]);
  return { ...doing, run, reset };
}

/** Something that is read. */
export interface Reading<Value> {
  value: Value;
  /** Whether nothing is known yet. */
  pending: boolean;
  error: TossPaymentsError | null;
}

function useWatch<Value>(watch: Watch<Value>, nothing: Value): Reading<Value> {
  const [reading, setReading] = useState<Reading<Value>>({
    value: nothing,
    pending: true,
    error: null,
  });
  useEffect(() =>
    watch(
      (value) => setReading({ value, pending: false, error: null }),
      (error) =>
        setReading(({ value }) => ({
          value,
          pending: false,
          error: asTossPaymentsError(error),
        })),
    ), [watch]);
  return reading;
}

/** What {@link useCheckout} answers. */
export interface UseCheckout extends Doing {
  /** The order that was placed last. */
  order: CheckoutAnswer | null;
  placeOrder(cart: Cart): Promise<CheckoutAnswer | undefined>;
  /** Places the order and opens the window. */
  buy(cart: Cart, options?: WindowOptions): Promise<CheckoutAnswer | undefined>;
  /** Opens the window again, for the same order. */
  openWindow(options?: WindowOptions): Promise<void>;
  reset(): void;
}

/** A checkout: the order, and the window to pay it in. For the widget see {@link useWidget}. */
export function useCheckout(): UseCheckout {
  const client = useTossPayments();
  const { run, reset, pending, error } = useDoing();
  const [order, setOrder] = useState<CheckoutAnswer | null>(null);
  const place = async (cart: Cart) => {
    const placed = await client.placeOrder(cart);
    setOrder(placed);
    return placed;
  };
  return {
    order,
    pending,
    error,
    reset,
    placeOrder: (cart) => run(() => place(cart)),
    buy: (cart, options) =>
      run(async () => {
        const placed = await place(cart);
        // An order of nothing is paid.
        if (placed.status === undefined) {
          await client.openWindow(placed, options);
        }
        return placed;
      }),
    openWindow: async (options) => {
      if (order !== null) await run(() => client.openWindow(order, options));
    },
  };
}

/** What {@link useWidget} answers. */
export interface UseWidget extends Doing {
  ready: boolean;
  /** Opens what the buyer chose; the page is left. */
  pay(toss?: object): Promise<void>;
}

/** The payment widget of an order, in the elements that the selectors find; null renders none. */
export function useWidget(
  order: CheckoutAnswer | null,
  { methods, agreement, ...more }: Omit<WidgetOptions, "signal">,
): UseWidget {
  const client = useTossPayments();
  const { run, pending, error } = useDoing();
  const [widget, setWidget] = useState<Widget | null>(null);
  const options = JSON.stringify({ methods, agreement, ...more });
  useEffect(() => {
    if (order === null) return;
    const leaving = new AbortController();
    const { signal } = leaving;
    void run(async () => {
      try {
        const opened = await client.openWidget(order, {
          ...JSON.parse(options),
          signal,
        });
        if (!signal.aborted) setWidget(opened);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    });
    return () => {
      setWidget(null);
      leaving.abort();
    };
  }, [client, order, options, run]);
  return {
    ready: widget !== null,
    pending,
    error,
    pay: async (toss) => {
      if (widget !== null) await run(() => widget.pay(toss));
    },
  };
}

/** What {@link useComplete} answers. */
export interface UseComplete extends Doing {
  completion: Completion | null;
  /** Asks once more, after an error or while it is processing. */
  again(): void;
}

/** On the success page: confirms or registers what the redirect brings, once however often it renders. */
export function useComplete(): UseComplete {
  const client = useTossPayments();
  const { run, error } = useDoing();
  const [completion, setCompletion] = useState<Completion | null>(null);
  const [known, setKnown] = useState(false);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let left = false;
    setKnown(false);
    void run(() => client.complete()).then((answer) => {
      if (left) return;
      setCompletion(answer ?? null);
      setKnown(true);
    });
    return () => {
      left = true;
    };
  }, [client, run, turn]);
  return {
    completion,
    pending: !known,
    error,
    again: () => setTurn((before) => before + 1),
  };
}

/** An order of the signed-in user, as it is now. */
export function useOrder(orderId: string | null): {
  order: Order | null;
  pending: boolean;
  error: TossPaymentsError | null;
} {
  const client = useTossPayments();
  const watch: Watch<Order | null> = useCallback(
    (onValue, onError) => {
      if (orderId !== null) return client.watchOrder(orderId, onValue, onError);
      onValue(null);
      return () => {};
    },
    [client, orderId],
  );
  const { value: order, ...more } = useWatch(watch, null);
  return { order, ...more };
}

/** What {@link useSubscription} answers. */
export interface UseSubscription extends Doing {
  /** The live one of the plan; without a plan the newest live one, else the newest. */
  subscription: Subscription | null;
  /** All of the user. */
  subscriptions: Subscription[];
  /** Whether nothing is known yet. */
  loading: boolean;
  /** With a registered card at once, else the window opens and the page is left. */
  subscribe(
    planId: string,
    options?: RegisterOptions & { billingMethodId?: string | undefined },
  ): Promise<Completion | null | undefined>;
  /** Gives notice: access lasts to the end of the period. */
  cancel(): Promise<void>;
  /** Takes the notice back. */
  resume(): Promise<void>;
  changePlan(planId: string): Promise<void>;
  changeMethod(billingMethodId: string): Promise<void>;
  /** Charges what was declined. */
  retryPayment(): Promise<void>;
  /** What one of the above would charge, give back and become; null when it would be refused. */
  preview(
    action: SubscriptionChange,
    more?: ChangeDetails,
  ): Promise<SubscriptionPreview | null>;
}

/** What {@link useSubscription} can do to a subscription. */
export type SubscriptionChange =
  | "cancel_at_period_end"
  | "resume"
  | "change_plan"
  | "change_method"
  | "retry_payment";

/** What some changes need to know. */
export interface ChangeDetails {
  planId?: string;
  billingMethodId?: string;
}

/** The signed-in user's subscription, and what can be done with it. */
export function useSubscription(planId?: string): UseSubscription {
  const client = useTossPayments();
  const { run, pending, error } = useDoing();
  // A change of ours is read at once.
  const [turn, setTurn] = useState(0);
  const watch: Watch<Subscription[]> = useCallback(
    (onValue, onError) => client.watchSubscriptions(onValue, onError),
    [client, turn],
  );
  const { value: subscriptions, ...reading } = useWatch<Subscription[]>(
    watch,
    [],
  );
  const ofPlan = subscriptions.filter((one) =>
    planId === undefined || one.plan_id === planId
  );
  const subscription = ofPlan.find(({ status }) => status !== "canceled") ??
    ofPlan[0] ?? null;
  const act = async <Value>(what: () => Promise<Value>) => {
    const answer = await run(what);
    setTurn((before) => before + 1);
    return answer;
  };
  const change = async (
    action: SubscriptionChange,
    more: ChangeDetails = {},
  ) => {
    if (subscription === null) return;
    const subscriptionId = subscription.id;
    await act(() => client.subscription({ subscriptionId, action, ...more }));
  };
  const id = subscription?.id;
  const preview = useCallback(
    async (action: SubscriptionChange, more: ChangeDetails = {}) => {
      if (id === undefined) return null;
      const request = { subscriptionId: id, action, ...more };
      return await client.subscription({ ...request, preview: true })
        .catch(() => null);
    },
    [client, id],
  );
  return {
    subscription,
    subscriptions,
    loading: reading.pending,
    pending,
    error: error ?? reading.error,
    subscribe: (plan, options) => act(() => client.subscribe(plan, options)),
    cancel: () => change("cancel_at_period_end"),
    resume: () => change("resume"),
    changePlan: (plan) => change("change_plan", { planId: plan }),
    changeMethod: (billingMethodId) =>
      change("change_method", { billingMethodId }),
    retryPayment: () => change("retry_payment"),
    preview,
  };
}

/** Whether the signed-in user may use what a plan opens. What is paid for is guarded on the server as well. */
export function useEntitlement(planId: string): {
  hasAccess: boolean;
  /** The user's row of `user_plans`. */
  plan: Tables<"user_plans"> | null;
  pending: boolean;
  error: TossPaymentsError | null;
} {
  const client = useTossPayments();
  const { value, ...more } = useWatch(client.watchUserPlans, []);
  const plan = value.find((row) => row.plan === planId) ?? null;
  return { hasAccess: plan !== null && givesAccess(plan), plan, ...more };
}

/** What {@link usePaymentMethods} answers. */
export interface UsePaymentMethods extends Doing {
  methods: Tables<"billing_methods">[];
  /** Whether nothing is known yet. */
  loading: boolean;
  /** Opens the window; the page is left. */
  register(options?: RegisterOptions): Promise<void>;
  /** Never charged again. */
  remove(billingMethodId: string): Promise<void>;
}

/** The signed-in user's cards and accounts. */
export function usePaymentMethods(): UsePaymentMethods {
  const client = useTossPayments();
  const { run, pending, error } = useDoing();
  const [removed, setRemoved] = useState<string[]>([]);
  const { value, ...reading } = useWatch(client.watchPaymentMethods, []);
  return {
    methods: value.filter(({ id }) => !removed.includes(id)),
    loading: reading.pending,
    pending,
    error: error ?? reading.error,
    register: async (options) => {
      await run(() => client.register(options));
    },
    remove: async (billingMethodId) => {
      const answer = await run(() =>
        client.billingIssueDelete({ billingMethodId })
      );
      if (answer) setRemoved((before) => [...before, billingMethodId]);
    },
  };
}
