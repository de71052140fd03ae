import { z } from "zod";
import type { Database } from "./client.ts";
import { leased, type LeaseRequest } from "./lease.ts";
import { paymentView } from "./payments.ts";

const escrowProduct = z.object({
  id: z.string(),
  name: z.string(),
  code: z.string(),
  unitPrice: z.number().int(),
  quantity: z.number().int(),
});

/** A leased issue of a virtual account. */
export const virtualAccountOperation = z.object({
  ...leased,
  kind: z.literal("virtual_account"),
  orderId: z.string(),
  amount: z.number().int(),
  currency: z.string(),
  orderName: z.string(),
  taxFreeAmount: z.number().int(),
  /** Toss's code of the bank. */
  bank: z.string(),
  customerName: z.string(),
  validHours: z.number().int(),
  /** The receipt that Toss is to issue with the deposit; absent = none was spoken of. */
  cashReceiptType: z.string().optional(),
  /** Whom it is for, encrypted for this operation. */
  secret: z.object({ keyId: z.string(), ciphertext: z.string() }).nullable(),
  escrow: z.boolean().optional(),
  escrowProducts: z.array(escrowProduct).optional(),
  customerEmail: z.string().optional(),
  customerMobilePhone: z.string().optional(),
});

/** An account that Toss is to issue for an order. */
export type VirtualAccountOperation = z.output<typeof virtualAccountOperation>;

const answer = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("proceed"),
    operation: virtualAccountOperation,
  }),
  z.object({
    outcome: z.literal("resolve"),
    operation: virtualAccountOperation,
  }),
  z.object({ outcome: z.literal("processing") }),
  z.object({ outcome: z.literal("issued"), payment: paymentView }),
  z.object({ outcome: z.literal("already_confirmed") }),
  z.object({ outcome: z.literal("operation_in_progress") }),
  z.object({ outcome: z.literal("other_keys") }),
  z.object({ outcome: z.literal("order_closed") }),
  z.object({ outcome: z.literal("order_not_found") }),
]);

/** What `begin_virtual_account` answers. */
export type BeginVirtualAccountAnswer = z.output<typeof answer>;

/** Escrow, and where Toss tells the buyer of the account. */
export interface AccountExtras {
  escrow?: boolean | undefined;
  /** Absent = the order's own lines. */
  escrowProducts?: z.output<typeof escrowProduct>[] | undefined;
  customerEmail?: string | undefined;
  customerMobilePhone?: string | undefined;
}

/** The account that a buyer wants, and who may act on it for how long. */
export interface BeginVirtualAccountRequest
  extends LeaseRequest, AccountExtras {
  orderId: string;
  /** Null for a guest. */
  userId: string | null;
  /** Toss's code of the bank. */
  bank: string;
  customerName: string;
  validHours: number;
  /** Of the main pair, which is the one that accounts are made with. */
  tossClientKey: string;
  /** The id of the operation, should this request begin one. */
  operationId: string;
  cashReceiptType?: string | undefined;
  /** The number of the receipt, encrypted with `operationId` as associated data. */
  secret?: { keyId: string; ciphertext: string } | undefined;
}

/** Decides under the order's lock whether an account may be issued; see the comment on `public.begin_virtual_account`. */
export function beginVirtualAccount(
  database: Database,
  request: BeginVirtualAccountRequest,
): Promise<BeginVirtualAccountAnswer> {
  return database.call("begin_virtual_account", { ...request }, answer);
}
