/** Charges with a billing key; registrations are left alone. */
export const CHARGES = {
  method: "POST",
  pathPattern: "^/v1/billing/(?!authorizations)",
} as const;
