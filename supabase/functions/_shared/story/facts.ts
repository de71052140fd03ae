import type {
  StoryRows,
  ToldCharge,
  ToldOperation,
  ToldPayment,
} from "../database/story.ts";
import { toss } from "./commands.ts";
import type { Difference } from "./compare.ts";
import type { Look } from "./look.ts";

/** What an ending says, and the command that goes on from there; null = nothing is to be done. */
export interface Ending {
  says: string;
  command: string | null;
}

/** What the rules look at. */
export interface Facts {
  rows: StoryRows;
  looks: readonly Look[];
  differences: readonly Difference[];
  /** The order, or the subscription when that was asked for: what commands name. */
  id: string;
  /** Milliseconds of the database's clock. */
  now: number;
}

/** One rule: an ending when it knows what is to be done, else null. */
export type Rule = (facts: Facts) => Ending | null;

/** Whether a time lies more than some minutes back. */
export function isOver(
  facts: Facts,
  time: string | null,
  minutes = 0,
): boolean {
  return time !== null && Date.parse(time) + minutes * 60_000 < facts.now;
}

/** The first alert of this name about the story. */
export function alertOf({ rows }: Facts, name: string) {
  return rows.alerts.find(({ alert }) => alert === name);
}

/** Has Toss asked about everything around the story. */
export function lookAgain({ id }: Facts): string {
  return toss("replay", "--look", id);
}

/** Tells the story again: what is left to run when only a person can mend something. */
export function tellAgain({ id }: Facts): string {
  return toss("order", id);
}

/** What cannot be done from here, and the command for afterwards. */
export function onlyAPerson(what: string, command: string): Ending {
  return { says: `Only a person can mend this: ${what}`, command };
}

/** The operation that an alert names. */
export function operationOf(
  { rows }: Facts,
  id: string | undefined,
): ToldOperation | undefined {
  return rows.operations.find((each) => each.id === id);
}

/** Calls to Toss whose end nobody knows. */
export function openOperations({ rows }: Facts): ToldOperation[] {
  return rows.operations.filter(({ state }) =>
    state === "started" || state === "unknown"
  );
}

/** The payment that pays the order, or whose deposit it waits for. */
export function payingPayment({ rows }: Facts): ToldPayment | undefined {
  return rows.payments.find(({ paysOrder, orderId }) =>
    paysOrder && orderId === rows.order?.id
  );
}

/** The subscription's charges that are not over, the last one first. */
export function openCharges({ rows }: Facts): ToldCharge[] {
  const open = ["processing", "unknown", "declined"];
  return (rows.subscription?.charges ?? []).toReversed()
    .filter(({ status }) => open.includes(status));
}

/** Another requestId for each refund that was asked for of a payment, and the same for each paste. */
export function nextRequestId(
  { rows }: Facts,
  { paymentKey }: Pick<ToldPayment, "paymentKey">,
): string {
  const asked =
    rows.operations.filter((each) =>
      each.kind === "cancel" && each.paymentKey === paymentKey
    ).length;
  return `by-hand-${paymentKey.slice(-12)}-${asked + 1}`;
}
