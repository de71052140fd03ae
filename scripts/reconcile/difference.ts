import { z } from "zod";

const side = z.looseObject({
  status: z.string().nullish(),
  amount: z.number().nullish(),
  balanceAmount: z.number().nullish(),
}).nullable();

/** A difference as `read_reconciliation` answers it. */
export const difference = z.object({
  kind: z.string(),
  paymentKey: z.string(),
  transactionKey: z.string().nullable(),
  orderId: z.string().nullable(),
  ours: side,
  theirs: side,
  reason: z.string(),
  resolution: z.enum(["healed", "by_hand"]).nullable(),
  resolvedAt: z.string().nullable(),
});

function describeSide(value: z.output<typeof side>): string {
  if (value === null) return "nothing";
  const { status, amount, balanceAmount } = value;
  const left = balanceAmount === null || balanceAmount === undefined
    ? ""
    : `, ${balanceAmount.toLocaleString("en")} left`;
  return `${status ?? "?"} ${amount?.toLocaleString("en") ?? "?"}${left}`;
}

/** Lines that fit a terminal. */
export function describeDifference(
  {
    kind,
    paymentKey,
    transactionKey,
    orderId,
    ours,
    theirs,
    reason,
    resolution,
  }: z.output<typeof difference>,
): string {
  return [
    `${kind}  ${resolution ?? "open"}`,
    `  payment  ${paymentKey}`,
    ...(transactionKey === null
      ? []
      : [`  cancel or approval  ${transactionKey}`]),
    ...(orderId === null ? [] : [`  order    ${orderId}`]),
    `  here     ${describeSide(ours)}`,
    `  at Toss  ${describeSide(theirs)}`,
    `  ${reason}`,
  ].join("\n");
}
