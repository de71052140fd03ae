/** How many due rows a worker takes, and for how long they are its own. */
export interface ClaimRequest {
  limit: number;
  leaseToken: string;
  leaseSeconds: number;
  /** Takes what is due at this time (ISO 8601) instead of now; null = now. */
  asOf: string | null;
}

/** Rows that nobody else acts on while the lease lasts, and how many more are due. */
export interface Claimed<Item> {
  items: Item[];
  remaining: number;
}
