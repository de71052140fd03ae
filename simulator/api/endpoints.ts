import { BILLING_ENDPOINTS } from "./billing-endpoints.ts";
import { CASH_RECEIPT_ENDPOINTS } from "./cash-receipt-endpoints.ts";
import { cancelPayment } from "./cancel-payment.ts";
import { confirmPayment } from "./confirm-payment.ts";
import type { Endpoint } from "./endpoint.ts";
import { issueVirtualAccount } from "./issue-virtual-account.ts";
import { listSettlements } from "./list-settlements.ts";
import { listTransactions } from "./list-transactions.ts";
import { readPaymentByKey, readPaymentByOrderId } from "./read-payment.ts";

/** Every route of the API that the simulator answers; the first match wins. */
export const ENDPOINTS: readonly Endpoint[] = [
  {
    method: "POST",
    path: /^\/v1\/payments\/confirm$/,
    handle: confirmPayment,
  },
  {
    method: "GET",
    path: /^\/v1\/payments\/orders\/([^/]+)$/,
    handle: readPaymentByOrderId,
  },
  {
    method: "POST",
    path: /^\/v1\/payments\/([^/]+)\/cancel$/,
    handle: cancelPayment,
  },
  {
    method: "GET",
    path: /^\/v1\/payments\/([^/]+)$/,
    handle: readPaymentByKey,
  },
  {
    method: "POST",
    path: /^\/v1\/virtual-accounts$/,
    handle: issueVirtualAccount,
  },
  {
    method: "GET",
    path: /^\/v1\/transactions$/,
    handle: listTransactions,
  },
  {
    method: "GET",
    path: /^\/v1\/settlements$/,
    handle: listSettlements,
  },
  ...CASH_RECEIPT_ENDPOINTS,
  ...BILLING_ENDPOINTS,
];
