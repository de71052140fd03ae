import { Buffer } from "node:buffer";
import type { Cancel } from "../../simulator/payments/payment.ts";
import type { virtualAccountBody } from "../../simulator/payments/virtual-account-body.ts";
import type { Simulator } from "../../simulator/simulator.ts";

/**
 * The fields of a Payment or an error that tests read. Which of them an
 * answer has is for the test to find out.
 */
export interface AnswerBody {
  code: string;
  message: string;
  status: string;
  type: string;
  billingKey: string;
  customerKey: string;
  authenticatedAt: string;
  paymentKey: string;
  orderId: string;
  method: string | null;
  totalAmount: number;
  balanceAmount: number;
  lastTransactionKey: string;
  requestedAt: string;
  approvedAt: string;
  useEscrow: boolean | null;
  receipt: { url: string } | null;
  failure: { code: string; message: string };
  card: {
    number: string;
    amount: number;
    issuerCode: string;
    acquirerCode: string;
    cardType: string;
    ownerType: string;
  };
  /** Before version 2024-06-01. */
  cardNumber?: string | null;
  cardCompany?: string | null;
  transfer: { bankCode: string } | null;
  transfers: { bankName: string; bankAccountNumber: string }[] | null;
  cancels: Cancel[];
  suppliedAmount: number;
  vat: number;
  taxFreeAmount: number;
  secret: string | null;
  virtualAccount: ReturnType<typeof virtualAccountBody>;
}

/** One answer of the API, with the body both as text and parsed. */
export interface ApiResult {
  status: number;
  headers: Headers;
  text: string;
  json: AnswerBody;
}

/** What a test sends beside method and path. */
export interface ApiCall {
  body?: unknown;
  headers?: Record<string, string>;
  secretKey?: string;
}

/** The Basic header value of a secret key. */
export function basic(secretKey: string): string {
  return `Basic ${Buffer.from(`${secretKey}:`).toString("base64")}`;
}

/** Calls the simulated API with its first key. */
export async function call(
  simulator: Simulator,
  route: string,
  { body, headers = {}, secretKey = simulator.secretKey }: ApiCall = {},
): Promise<ApiResult> {
  const [method = "GET", path = "/"] = route.split(" ");
  const response = await fetch(simulator.url + path, {
    method,
    headers: { authorization: basic(secretKey), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = text.startsWith("{") ? JSON.parse(text) : {};
  return { status: response.status, headers: response.headers, text, json };
}

/** Confirms a payment as its order wants it. */
export function confirm(
  simulator: Simulator,
  payment: { paymentKey: string; orderId: string; amount: number },
  extra: ApiCall = {},
): Promise<ApiResult> {
  const { paymentKey, orderId, amount } = payment;
  const body = { paymentKey, orderId, amount };
  return call(simulator, "POST /v1/payments/confirm", { body, ...extra });
}

/** The body of a request for a virtual account. */
const ACCOUNT_REQUEST = {
  orderId: "order-0001",
  orderName: "One order",
  amount: 15_000,
  customerName: "김토스",
  bank: "20",
};

/** Where the money of a virtual account's cancel goes, as requests say it. */
export const REFUND_RECEIVE_ACCOUNT = {
  bank: "신한",
  accountNumber: "110123456789",
  holderName: "김토스",
};

/** Asks for a virtual account without the payment window. */
export function issueAccount(
  simulator: Simulator,
  change: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<ApiResult> {
  const body = { ...ACCOUNT_REQUEST, ...change };
  return call(simulator, "POST /v1/virtual-accounts", { body, headers });
}

/** Reads a payment by its key. */
export async function read(
  simulator: Simulator,
  paymentKey: string,
): Promise<AnswerBody> {
  return (await call(simulator, `GET /v1/payments/${paymentKey}`)).json;
}

/** Cancels a payment, in full unless `cancelAmount` is given. */
export function cancel(
  simulator: Simulator,
  paymentKey: string,
  body: Record<string, unknown> = {},
): Promise<ApiResult> {
  return call(simulator, `POST /v1/payments/${paymentKey}/cancel`, {
    body: { cancelReason: "changed mind", ...body },
  });
}

/** The status and code of an answer, the two things most tests compare. */
export function refusal(result: ApiResult): string {
  return `${result.status} ${result.json.code}`;
}
