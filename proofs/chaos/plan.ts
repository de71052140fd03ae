import type { FaultInput } from "../../simulator/faults/fault.ts";
import type { ACCOUNT_EXPIRIES } from "../../simulator/options.ts";
import type { WebhookKnobInput } from "../../simulator/webhooks/knobs.ts";
import type { Cut } from "./cutter.ts";

/** What an order buys. */
export type Goods = "chaos-unlimited" | "chaos-limited" | "chaos-pass";

/** A payment that a buyer opens for an order. */
export interface PaymentPlan {
  /** The card company's answer to its confirm; null = it agrees. */
  decline: string | null;
  /** Whether the buyer changed the amount in the payment window. */
  isTampered: boolean;
  /** Whether the buyer got through authentication. */
  isAuthenticated: boolean;
}

/** What a run is mostly about. */
export type Scene = "purchase" | "refund" | "account";

/** The virtual account that a buyer wants. */
export interface AccountPlan {
  /** Toss's code of the bank. */
  bank: string;
  validHours: number;
  /** How Toss shows that its deadline has passed. */
  expiry: (typeof ACCOUNT_EXPIRIES)[number];
  /** Whether Toss shows its deadline. */
  isDated: boolean;
  /** Whether a cash receipt is asked for with it. */
  hasReceipt: boolean;
  /** Under escrow, where a part is refused. */
  isEscrow: boolean;
}

/** An order and the payments that are opened for it. */
export interface OrderPlan {
  goods: Goods;
  quantity: number;
  /** Empty when it is paid into a virtual account. */
  payments: PaymentPlan[];
  account: AccountPlan | null;
  /** Whether the buyer of a virtual account is signed in. */
  isOwned: boolean;
}

/**
 * Names a payment of a plan by the positions of its order and itself. The only
 * payment of an order with a virtual account is its first.
 */
export interface PaymentRef {
  order: number;
  payment: number;
}

/** A refund that somebody asks for, once or again and again. */
export interface RefundPlan extends PaymentRef {
  /** Of the order's amount; null = everything left. */
  percent: number | null;
  /** Whether the request says where the money goes. */
  hasAccount: boolean;
  caller: "operator" | "buyer";
}

/** A cash receipt that somebody asks for, or the cancel of one. */
export interface ReceiptPlan {
  /** Position of the order. */
  order: number;
  /** Of the order's amount: what is canceled, 100 = all that is left; null = one is asked for. */
  percent: number | null;
}

/** A buyer who wants to give an order back. */
export interface WithdrawalPlan {
  /** Position of the order. */
  order: number;
  /** Whether the buyer asks, and not the shop for a guest. */
  isBuyers: boolean;
  /** Whether the shop says where the money goes. */
  hasAccount: boolean;
}

/** One thing that somebody does. */
export type Step =
  | PaymentRef & {
    kind: "confirm";
    method: "POST" | "GET";
    /** How many impatient clicks at once. */
    copies: number;
    /** Whether the amount in the redirect was changed. */
    isTampered: boolean;
  }
  /** In Toss's own back office. */
  | PaymentRef & {
    kind: "cancel";
    share: "full" | "half" | "third" | "seventh";
  }
  | {
    kind: "refund";
    /** Position of the refund in the plan. */
    refund: number;
    /** How many requests at once, with the same requestId. */
    copies: number;
    /** Whether another amount is asked for with the requestId. */
    isAltered: boolean;
    by: "orderId" | "paymentKey";
  }
  | { kind: "issue"; order: number; copies: number }
  /** `receipt` is a position in the plan. */
  | { kind: "receipt"; receipt: number; copies: number }
  /** `withdrawal` is a position in the plan. */
  | { kind: "withdraw"; withdrawal: number; copies: number }
  | {
    kind: "decide";
    withdrawal: number;
    action: "accept" | "refuse";
    copies: number;
  }
  | { kind: "deposit"; order: number }
  | { kind: "reverse"; order: number }
  | PaymentRef & { kind: "resend" }
  | PaymentRef & { kind: "forge"; isKnown: boolean; status: string }
  | { kind: "work"; job: WorkerJob; copies: number }
  | { kind: "advance"; seconds: number }
  | { kind: "restart"; crash: boolean };

/** The jobs of the worker that finish money and tell of it. */
export type WorkerJob =
  | "operations"
  | "webhooks"
  | "expiry"
  | "outbox"
  | "reconcile";

/** A fault of Toss or of its webhooks, aimed at one payment. */
export type PlannedFault =
  | PaymentRef & { kind: "toss"; fault: FaultInput }
  | PaymentRef & { kind: "webhook"; knob: WebhookKnobInput };

/** What the shop's order hook can raise. */
export const HOOK_RAISES = [
  "an exception",
  "a failed assert",
  "a deferred constraint",
] as const;

/** How the shop's order hook behaves until it is mended at the end. */
export interface HookPlan {
  raises: (typeof HOOK_RAISES)[number];
  /** Of its calls, from 0 to 1. */
  share: number;
}

/** Everything one run does; it follows from the seed alone. */
export interface Plan {
  seed: number;
  scene: Scene;
  orders: OrderPlan[];
  refunds: RefundPlan[];
  receipts: ReceiptPlan[];
  withdrawals: WithdrawalPlan[];
  faults: PlannedFault[];
  cuts: Cut[];
  hook: HookPlan;
  /** Steps of one moment happen at once, the moments one after the other. */
  moments: Step[][];
}

/** What of Toss a fault spoils. */
export type TossCall = "confirm" | "cancel" | "issue" | "query";

/** How the requests of each call are recognised. */
export const TOSS_CALLS: Record<
  TossCall,
  Pick<FaultInput, "method" | "path" | "pathPattern">
> = {
  confirm: { method: "POST", path: "/v1/payments/confirm" },
  cancel: { method: "POST", pathPattern: "^/v1/payments/.+/cancel$" },
  issue: { method: "POST", path: "/v1/virtual-accounts" },
  query: { method: "GET", path: "/v1/payments/" },
};

/** The requests about cash receipts: those that change something, and Toss's list. */
export const RECEIPT_CALLS = {
  request: { method: "POST", path: "/v1/cash-receipts" },
  list: { method: "GET", path: "/v1/cash-receipts" },
} as const;

function callOf(fault: FaultInput): TossCall | "receipt" | "receipt list" {
  if (fault.path === RECEIPT_CALLS.request.path) {
    return fault.method === "GET" ? "receipt list" : "receipt";
  }
  if (fault.method === "GET") return "query";
  if (fault.pathPattern !== undefined) return "cancel";
  return fault.path === TOSS_CALLS.issue.path ? "issue" : "confirm";
}

/** The name under which a fault is counted. */
export function faultName(planned: PlannedFault): string {
  if (planned.kind === "webhook") return `webhook ${planned.knob.kind}`;
  const { fault } = planned;
  if (fault.kind === "answer") {
    const what = fault.code === undefined
      ? "a page"
      : `an unknown ${Math.floor(fault.status / 100)}xx`;
    return `Toss ${callOf(fault)}: ${what}, acts ${fault.acts}`;
  }
  const detail = "code" in fault ? ` ${fault.code}` : "";
  return `Toss ${callOf(fault)}: ${fault.kind}${detail}`;
}
