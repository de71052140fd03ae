/** A text as one word of a POSIX shell. */
export function quote(text: string): string {
  return /^[A-Za-z0-9_.:/@%+-]+$/.test(text)
    ? text
    : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A command of this project, as its task is called. */
export function toss(...words: readonly string[]): string {
  return ["npx -y deno task toss", ...words.map(quote)].join(" ");
}

/** A call of a function with the secret key; `$FUNCTIONS_URL` and `$SECRET_KEY` are those of `toss status`. */
export function call(
  path: string,
  body: Readonly<Record<string, unknown>>,
  method: "POST" | "DELETE" = "POST",
): string {
  return [
    ...["curl", "-s", ...(method === "POST" ? [] : ["-X", method])],
    ...[`"$FUNCTIONS_URL/${path}"`, "-H", '"apikey: $SECRET_KEY"'],
    ...["-H", "'content-type: application/json'"],
    ...["-d", quote(JSON.stringify(body))],
  ].join(" ");
}

/** The buyer's account, which nobody but the buyer knows: three variables to be set first. */
const ACCOUNT = '"refundReceiveAccount":{"bank":"\'"$BANK"\'",' +
  '"accountNumber":"\'"$ACCOUNT_NUMBER"\'","holderName":"\'"$HOLDER_NAME"\'"}';

/** A call that gives money back, to an account of the buyer. */
export function toBuyersAccount(command: string): string {
  return command.replace(/}'$/, () => `,${ACCOUNT}}'`);
}

/** Whoever gets an account's money back, said before {@link refund} with `toAccount`. */
export const ACCOUNT_FIRST =
  "The deposit goes back by transfer: ask the buyer, and set BANK, " +
  "ACCOUNT_NUMBER and HOLDER_NAME first.";

/** A refund by hand; the same `requestId` is the same refund, however often it is pasted. */
export function refund(
  given: {
    paymentKey: string;
    cancelReason: string;
    requestId: string;
    cancelAmount?: number;
    taxFreeAmount?: number;
    toAccount?: boolean;
  },
): string {
  const { toAccount = false, ...body } = given;
  const command = call("cancel", body);
  return toAccount ? toBuyersAccount(command) : command;
}
