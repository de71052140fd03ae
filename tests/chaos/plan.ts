import type { FaultInput } from "../../scripts/simulator/faults/fault.ts";
import type { WebhookKnobInput } from "../../scripts/simulator/webhooks/knobs.ts";
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

/** An order and the payments that are opened for it. */
export interface OrderPlan {
  goods: Goods;
  quantity: number;
  payments: PaymentPlan[];
}

/** Names a payment of a plan by the positions of its order and itself. */
export interface PaymentRef {
  order: number;
  payment: number;
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
  | PaymentRef & { kind: "cancel"; share: "full" | "half" }
  | PaymentRef & { kind: "resend" }
  | PaymentRef & { kind: "forge"; isKnown: boolean; status: string }
  | { kind: "work"; job: WorkerJob; copies: number }
  | { kind: "advance"; seconds: number }
  | { kind: "restart"; crash: boolean };

/** The jobs of the worker that finish money. */
export type WorkerJob = "operations" | "webhooks" | "expiry";

/** A fault of Toss or of its webhooks, aimed at one payment. */
export type PlannedFault =
  | PaymentRef & { kind: "toss"; fault: FaultInput }
  | PaymentRef & { kind: "webhook"; knob: WebhookKnobInput };

/** Everything one run does; it follows from the seed alone. */
export interface Plan {
  seed: number;
  orders: OrderPlan[];
  faults: PlannedFault[];
  cuts: Cut[];
  /** Steps of one moment happen at once, the moments one after the other. */
  moments: Step[][];
}

/** The name under which a fault is counted. */
export function faultName(planned: PlannedFault): string {
  if (planned.kind === "webhook") return `webhook ${planned.knob.kind}`;
  const { fault } = planned;
  const call = fault.method === "POST" ? "confirm" : "query";
  const detail = "code" in fault ? ` ${fault.code}` : "";
  return `Toss ${call}: ${fault.kind}${detail}`;
}
