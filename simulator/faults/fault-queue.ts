import type { ApiRequest } from "../api/api-request.ts";
import type { Fault } from "./fault.ts";
import { createDice, type Dice } from "./dice.ts";

type FaultOf<Kind extends Fault["kind"]> = Extract<Fault, { kind: Kind }>;

const CUTTING: ReadonlySet<Fault["kind"]> = new Set([
  "lose_answer_before",
  "lose_answer_after",
  "half_body",
]);

/** What decides which requests a fault with a `ratio` meets. */
interface Luck {
  roll: Dice;
  picked: WeakMap<ApiRequest, boolean>;
}

function matches(fault: Fault, request: ApiRequest): boolean {
  const { method, path, pathPattern, paymentKey, billingKey, orderId } = fault;
  return (method === undefined || method === request.method) &&
    (path === undefined || request.path.startsWith(path)) &&
    (pathPattern === undefined ||
      new RegExp(pathPattern).test(request.path)) &&
    (paymentKey === undefined || paymentKey === request.paymentKey) &&
    (billingKey === undefined || billingKey === request.billingKey) &&
    (orderId === undefined || orderId === request.orderId);
}

/** The faults that wait for requests, oldest first. */
export class FaultQueue {
  #faults: Fault[] = [];
  readonly #luck = new WeakMap<Fault, Luck>();

  /** Adds a fault behind those that wait. */
  add(fault: Fault): void {
    const waiting = { ...fault };
    this.#faults.push(waiting);
    this.#luck.set(waiting, {
      roll: createDice(fault.seed ?? 1),
      picked: new WeakMap(),
    });
  }

  /** Forgets every fault. */
  clear(): void {
    this.#faults = [];
  }

  /** The waiting faults with the counts that are left. */
  list(): Fault[] {
    return structuredClone(this.#faults);
  }

  /**
   * Takes the oldest fault of `kind` that matches, and counts it down.
   * A request takes each kind at its own moment, so several kinds combine.
   * A kind with two moments tells them apart by `isItsMoment`; a fault whose
   * moment it is not yet is not overtaken by a younger one. One that its
   * `ratio` lets pass leaves the request to the next.
   */
  take<Kind extends Fault["kind"]>(
    kind: Kind,
    request: ApiRequest,
    isItsMoment: (fault: FaultOf<Kind>) => boolean = () => true,
  ): FaultOf<Kind> | undefined {
    const isWanted = (fault: Fault): fault is FaultOf<Kind> =>
      fault.kind === kind && matches(fault, request) &&
      this.#picks(fault, request);
    const fault = this.#faults.find(isWanted);
    if (fault === undefined || !isItsMoment(fault)) return undefined;
    if (fault.count !== "always") {
      fault.count -= 1;
      if (fault.count === 0) {
        this.#faults = this.#faults.filter((other) => other !== fault);
      }
    }
    return fault;
  }

  /** Rolls once for a request, which asks again at the kind's other moment. */
  #picks(fault: Fault, request: ApiRequest): boolean {
    const luck = this.#luck.get(fault);
    if (fault.ratio === undefined || luck === undefined) return true;
    const known = luck.picked.get(request);
    if (known !== undefined) return known;
    const isPicked = luck.roll() < fault.ratio;
    luck.picked.set(request, isPicked);
    return isPicked;
  }

  /**
   * Whether a connection may be cut soon. Deno's fetch sends a POST again,
   * silently, when a reused connection breaks; as long as this is true no
   * connection may be offered for reuse, or one fault would meet two requests.
   */
  mayCut(): boolean {
    return this.#faults.some((fault) => CUTTING.has(fault.kind));
  }
}
