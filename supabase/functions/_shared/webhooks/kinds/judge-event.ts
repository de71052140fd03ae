import { describeEvent, type EventKind } from "../events.ts";
import { judgeBillingKey } from "./billing-key.ts";
import { judgeDeposit } from "./deposit.ts";
import { judgePayment } from "./payment.ts";
import { judgeRecord } from "./record.ts";
import { ignored, type Judge } from "./verdict.ts";

const JUDGES: Readonly<Record<EventKind, Judge>> = {
  payment: judgePayment,
  cancel: judgePayment,
  deposit: judgeDeposit,
  billing_key_deleted: judgeBillingKey("deleted"),
  billing_key_issued: judgeBillingKey("issued"),
  settlement: judgeRecord,
  record: judgeRecord,
  none: () =>
    Promise.resolve(ignored("events of this type are stored for reading only")),
};

/** Processes a leased event by its type, the same way after the answer to Toss and in the worker. */
export const judgeEvent: Judge = (context, event) =>
  JUDGES[describeEvent(event.eventType)?.kind ?? "none"](context, event);
