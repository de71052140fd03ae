import { toKoreanDigits } from "../korean-time.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

function randomFrom(alphabet: string, length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(bytes, (byte) => alphabet.charAt(byte % alphabet.length))
    .join("");
}

/**
 * A payment key in the newer shape: five letters of the merchant id, the
 * Korean time in digits, five characters.
 */
export function newPaymentKey(merchantId: string, time: number): string {
  return merchantId.slice(0, 5) + toKoreanDigits(time) +
    randomFrom(ALPHABET, 5);
}

/** A transaction key, `txrd_` and 26 characters. */
export function newTransactionKey(): string {
  return `txrd_${randomFrom(ALPHABET.toLowerCase(), 26)}`;
}

/** The value that verifies webhooks about a payment, `ps_` and 20 characters. */
export function newSecret(): string {
  return `ps_${randomFrom(ALPHABET.toLowerCase(), 20)}`;
}

/** An approval number of eight digits. */
export function newApproveNumber(): string {
  return randomFrom("0123456789", 8);
}

/** A virtual account's number; the X marks those of test payments. */
export function newAccountNumber(): string {
  return `X${randomFrom("0123456789", 13)}`;
}

/** A webhook's transmission id, `whtrans_` and 24 characters. */
export function newTransmissionId(): string {
  return `whtrans_${randomFrom(ALPHABET.toLowerCase(), 24)}`;
}

/** A trace id of 32 hexadecimal digits. */
export function newTraceId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
