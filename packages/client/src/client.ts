import type { AnySupabase, Language } from "./call.ts";
import {
  type Completion,
  paymentCompletion,
  redirectCompletion,
  redirectFailure,
  registrationCompletion,
} from "./complete.ts";
import type { TossPaymentsError } from "./error.ts";
import type { Tables } from "./generated/tables.ts";
import { createFunctions, type Functions } from "./functions.ts";
import type {
  CheckoutAnswer,
  CheckoutRequest,
  ConfirmRequest,
} from "./generated/api.ts";
import { Memory } from "./memory.ts";
import { page, type Store } from "./page.ts";
import {
  createReads,
  type Order,
  type Reads,
  type Subscription,
} from "./reads.ts";
import { inWindow, loadSdk, type LoadTossPayments } from "./sdk.ts";
import { watch } from "./watch.ts";
import {
  openWidget,
  openWindow,
  type Targets,
  type Widget,
  type WidgetOptions,
  type WindowOptions,
} from "./windows.ts";

/** How an installation is reached, and how its windows are opened. All optional. */
export interface TossPaymentsOptions extends Targets {
  /** The prefix of the functions' names, as the installation has it. */
  prefix?: string | undefined;
  /** The schema of the installation. @default "public" */
  schema?: string | undefined;
  /** Where hosted functions run; null = near the caller. @default "ap-northeast-2", beside Toss and the database */
  region?: string | null | undefined;
  /** The language of the buyer's texts. @default the browser's */
  language?: Language | (() => Language) | undefined;
  /** The simulator's script in the place of Toss's. */
  sdkUrl?: string | undefined;
  /** `loadTossPayments` of `@tosspayments/tosspayments-sdk`; without it the client loads Toss's script itself. */
  loadTossPayments?: LoadTossPayments | undefined;
  /** Where what a redirect must survive is kept. @default sessionStorage */
  storage?: Store | undefined;
  /** Whether changes come by Realtime, whose publication must have the tables; else they are asked for. @default false */
  realtime?: boolean | undefined;
}

/** What a page sells: items, or one period of a plan without a subscription. */
export type Cart = Exclude<CheckoutRequest, { lines: unknown }>;

/** What a registration is begun with. */
export interface RegisterOptions extends Targets {
  /** The plan to subscribe to with it. */
  planId?: string | undefined;
  /** `TRANSFER`: a bank account. @default "CARD" */
  method?: "CARD" | "TRANSFER" | undefined;
}

/** Tells of rows now and after each change, also of who is signed in. @returns ends it */
export type Watch<Value> = (
  onValue: (value: Value) => void,
  onError?: (error: unknown) => void,
) => () => void;

/** The client of one installation. */
export interface TossPayments extends Functions, Reads {
  /**
   * The order for a cart. A double click, a reload and the back button get the one that waits already, as long as
   * it may be paid.
   */
  placeOrder(cart: Cart): Promise<CheckoutAnswer>;
  /** Opens the payment window (API key pair); the page is left. */
  openWindow(order: CheckoutAnswer, options?: WindowOptions): Promise<void>;
  /** Renders the payment widget (widget key pair); its `pay` leaves the page. */
  openWidget(order: CheckoutAnswer, options: WidgetOptions): Promise<Widget>;
  /** Places the order and opens the window. Comes back for an order of nothing, which is paid, and when refused. */
  buy(cart: Cart, options?: WindowOptions): Promise<CheckoutAnswer>;
  /** Opens the window that registers a card or an account; with a plan it also subscribes. The page is left. */
  register(options?: RegisterOptions): Promise<void>;
  /** Subscribes with a card that is registered; without one it opens the window and the page is left. */
  subscribe(
    planId: string,
    options?: RegisterOptions & { billingMethodId?: string | undefined },
  ): Promise<Completion | null>;
  /**
   * On the success page, whatever led there: confirms, registers, or reads what the redirect says. Repeating it, by a
   * reload or twice at once, answers the same.
   *
   * @returns null when nothing was begun
   */
  complete(query?: string | URLSearchParams): Promise<Completion | null>;
  /** On the fail page: what its query says, null when it says nothing. */
  failure(query?: string | URLSearchParams): TossPaymentsError | null;
  /** Forgets what was kept for a return: the next `placeOrder` makes another order. */
  forget(): Promise<void>;
  /** Tells of an order now and after each change. @returns ends it */
  watchOrder(
    orderId: string,
    onValue: (order: Order | null) => void,
    onError?: (error: unknown) => void,
  ): () => void;
  /** The same for what a signed-in user has. */
  watchSubscriptions: Watch<Subscription[]>;
  watchUserPlans: Watch<Tables<"user_plans">[]>;
  watchPaymentMethods: Watch<Tables<"billing_methods">[]>;
}

const queryOf = (query: string | URLSearchParams | undefined) =>
  new URLSearchParams(query ?? page.location?.search ?? "");

/** Shares what is under way in a page; a server's requests are of many people, and share nothing. */
function sharing() {
  const running = new Map<string, Promise<unknown>>();
  return <Value>(key: string, start: () => Promise<Value>): Promise<Value> => {
    const known = running.get(key);
    if (known) return known as Promise<Value>;
    const started = start();
    if (page.document) {
      running.set(key, started);
      const end = () => running.delete(key);
      started.then(end, end);
    }
    return started;
  };
}

/**
 * The client of an installation, beside a supabase-js client: what a buyer's pages call, open, complete and read.
 * With a secret key it is the shop's server's.
 */
export function createTossPayments(
  supabase: AnySupabase,
  options: TossPaymentsOptions = {},
): TossPayments {
  const { prefix = "", schema = "public", language } = options;
  const { region = "ap-northeast-2", loadTossPayments: load, sdkUrl } = options;
  const functions = createFunctions({ supabase, prefix, region, language });
  const reads = createReads(supabase, schema);
  const memory = new Memory(prefix, options.storage);
  const share = sharing();
  const windows = {
    ...(sdkUrl ? { sdkUrl } : {}),
    ...(load ? { load } : {}),
    successUrl: options.successUrl,
    failUrl: options.failUrl,
  };
  const watching = { supabase, schema, realtime: options.realtime ?? false };

  const watchRows =
    <Value>(table: string, read: () => Promise<Value>): Watch<Value> =>
    (onValue, onError) => watch(watching, { table, read, onValue, onError });

  const userId = async () => {
    try {
      const { data } = await supabase.auth.getSession();
      return data.session?.user.id ?? "";
    } catch {
      return ""; // A client with a token of another provider.
    }
  };

  const isOpen = async (order: CheckoutAnswer, user: string) =>
    order.status === undefined &&
    Date.parse(order.expiresAt) - Date.now() > 60_000 &&
    // A guest reads no orders; `complete` forgets what was paid.
    (user === "" ||
      (await reads.order(order.orderId).catch(() => null))?.status ===
        "pending");

  const placeOrder = (cart: Cart) =>
    share(`order ${JSON.stringify(cart)}`, async () => {
      const user = await userId();
      const of = JSON.stringify([user, cart]);
      const { order: known } = await memory.read();
      if (known?.of === of && await isOpen(known.order, user)) {
        return known.order;
      }
      const order = await functions.checkout(cart);
      await memory.write({ order: { of, order }, payment: undefined });
      return order;
    });

  const confirm = async (payment: ConfirmRequest) => {
    await memory.write({ payment });
    const answer = await functions.confirm(payment);
    if (answer.status !== "processing") {
      await memory.write({ payment: undefined, order: undefined });
    }
    return paymentCompletion(answer);
  };

  const register = async (
    { planId, method, ...targets }: RegisterOptions = {},
  ) => {
    const prepared = await functions.billingIssuePrepare({
      ...(planId === undefined ? {} : { planId }),
      ...(method === undefined ? {} : { method }),
    });
    await memory.write({
      registration: planId === undefined ? {} : { planId },
    });
    await inWindow(async () => {
      const { customerKey, clientKey } = prepared;
      const toss = await loadSdk(clientKey, windows);
      await toss.payment({ customerKey }).requestBillingAuth({
        method: prepared.method,
        successUrl: targets.successUrl ?? windows.successUrl ??
          prepared.successUrl,
        failUrl: targets.failUrl ?? windows.failUrl ?? prepared.failUrl,
      });
    });
  };

  const complete = async (query: URLSearchParams) => {
    const remembered = await memory.read();
    const authKey = query.get("authKey");
    const customerKey = query.get("customerKey");
    if (authKey && customerKey) {
      // The shop's own success page may carry the plan itself.
      const planId = query.get("planId") ?? remembered.registration?.planId;
      const answer = await functions.billingIssue({
        authKey,
        customerKey,
        ...(planId ? { planId } : {}),
      });
      return registrationCompletion(answer, planId ?? null);
    }
    const [paymentKey, orderId] = [
      query.get("paymentKey"),
      query.get("orderId"),
    ];
    if (paymentKey && orderId) {
      const amount = Number(query.get("amount"));
      return await confirm({ paymentKey, orderId, amount });
    }
    const told = redirectCompletion(query);
    if (told?.kind === "payment") await memory.write({ order: undefined });
    // The page took the query off its address before the answer came.
    if (told === null && remembered.payment) {
      return await confirm(remembered.payment);
    }
    return told;
  };

  return {
    ...functions,
    ...reads,
    placeOrder,
    openWindow: (order, more = {}) => openWindow(windows, order, more),
    openWidget: (order, more) => openWidget(windows, order, more),
    buy: async (cart, more = {}) => {
      const order = await placeOrder(cart);
      if (order.status === undefined) await openWindow(windows, order, more);
      return order;
    },
    register,
    subscribe: async (planId, { billingMethodId, ...more } = {}) => {
      if (billingMethodId === undefined) {
        await register({ planId, ...more });
        return null;
      }
      return registrationCompletion(
        await functions.subscription({
          action: "subscribe",
          planId,
          billingMethodId,
        }),
        planId,
      );
    },
    complete: (query) => {
      const parameters = queryOf(query);
      return share(`complete ${parameters}`, () => complete(parameters));
    },
    failure: (query) => redirectFailure(queryOf(query)),
    forget: () =>
      memory.write({
        order: undefined,
        payment: undefined,
        registration: undefined,
      }),
    watchOrder: (orderId, onValue, onError) =>
      watch(watching, {
        table: "orders",
        filter: `id=eq.${orderId}`,
        read: () => reads.order(orderId),
        onValue,
        onError,
      }),
    watchSubscriptions: watchRows("subscriptions", reads.subscriptions),
    watchUserPlans: watchRows("entitlements", reads.userPlans),
    watchPaymentMethods: watchRows("billing_methods", reads.paymentMethods),
  };
}
