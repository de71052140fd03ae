import type { OperationDescription } from "./operation.ts";
import { checkoutOperations } from "./operations/checkout.ts";
import { confirmOperations } from "./operations/confirm.ts";
import { serviceOperations } from "./operations/service.ts";

/** Every method of every function, in the order in which the document shows them. */
export const OPERATIONS: readonly OperationDescription[] = [
  ...checkoutOperations,
  ...confirmOperations,
  ...serviceOperations,
];
