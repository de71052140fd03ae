/** One API request the simulator received. */
export interface RequestRecord {
  /** ISO 8601 virtual time of arrival. */
  at: string;
  method: string;
  /** Path and query. */
  path: string;
  idempotencyKey: string | null;
  /** The client key of the pair whose secret key came; null = none that is known. */
  clientKey: string | null;
  /** Status sent, `cut` when the connection was ended, null while running. */
  status: number | "cut" | null;
}
