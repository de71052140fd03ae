import type { KeyPair } from "../options.ts";
import type { SimulatorState } from "../state.ts";
import type { ApiRequest } from "./api-request.ts";

/** One call of one endpoint. */
export interface EndpointCall {
  state: SimulatorState;
  keyPair: KeyPair;
  request: ApiRequest;
  /** The decoded groups of the endpoint's path pattern, in order. */
  parameters: string[];
  /** Its order was looked at when it arrived, and it acts now; default false. */
  isLate?: boolean;
}

/** What an endpoint decides: an object or nothing to answer with, or an error code. */
export type EndpointOutcome =
  | { kind: "value"; value: unknown }
  | { kind: "empty" }
  | { kind: "refused"; code: string };

/** One route of the API. */
export interface Endpoint {
  method: "GET" | "POST" | "DELETE";
  path: RegExp;
  handle(call: EndpointCall): EndpointOutcome;
}
