import type { OperationDescription } from "./operation.ts";
import { billingChargeOperations } from "./operations/billing-charge.ts";
import { billingIssueOperations } from "./operations/billing-issue.ts";
import { cancelOperations } from "./operations/cancel.ts";
import { cashReceiptOperations } from "./operations/cash-receipt.ts";
import { checkoutOperations } from "./operations/checkout.ts";
import { confirmOperations } from "./operations/confirm.ts";
import { operatorOperations } from "./operations/operator.ts";
import { serviceOperations } from "./operations/service.ts";
import { subscriptionOperations } from "./operations/subscription.ts";
import { webhookEndpointOperations } from "./operations/webhook-endpoints.ts";
import { withdrawalOperations } from "./operations/withdrawal.ts";
import { virtualAccountOperations } from "./operations/virtual-account.ts";

/** Every method of every function, in the order in which the document shows them. */
export const OPERATIONS: readonly OperationDescription[] = [
  ...checkoutOperations,
  ...confirmOperations,
  ...virtualAccountOperations,
  ...cancelOperations,
  ...cashReceiptOperations,
  ...withdrawalOperations,
  ...operatorOperations,
  ...billingIssueOperations,
  ...subscriptionOperations,
  ...billingChargeOperations,
  ...webhookEndpointOperations,
  ...serviceOperations,
];
