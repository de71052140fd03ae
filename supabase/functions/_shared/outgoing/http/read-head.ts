/** What a receiver said before its body. */
export interface ResponseHead {
  status: number;
}

/** Something bytes come from; null = it has ended. */
export interface ByteSource {
  read(buffer: Uint8Array): Promise<number | null>;
}

/** So much of an answer is read at most. */
export const MAXIMUM_ANSWER_BYTES = 64 * 1024;

const CHUNK_BYTES = 4 * 1024;
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: [^\r\n]*)?$/;

/** What came is no answer of HTTP/1.1. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}

/**
 * Reads an answer up to the end of its headers, and then what comes of its body.
 *
 * Interim answers (1xx) are passed over. The body is read only so that the receiver can finish; nothing of it is
 * kept.
 *
 * @throws NoAnswerError when it is none, or its headers are longer than {@link MAXIMUM_ANSWER_BYTES}
 */
export async function readHead(source: ByteSource): Promise<ResponseHead> {
  let text = "";
  let total = 0;
  const buffer = new Uint8Array(CHUNK_BYTES);
  // Latin-1: one character a byte, so that no sequence can break.
  const decoder = new TextDecoder("latin1");
  for (;;) {
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) {
      const status = Number(STATUS_LINE.exec(firstLine(text))?.[1] ?? NaN);
      if (Number.isNaN(status)) {
        throw new NoAnswerError("answered in no HTTP that is understood");
      }
      if (status >= 200) return { status };
      text = text.slice(end + 4);
      continue;
    }
    const count = await source.read(buffer);
    if (count === null) {
      throw new NoAnswerError("closed the connection without an answer");
    }
    total += count;
    if (total > MAXIMUM_ANSWER_BYTES) {
      throw new NoAnswerError("sent more than 64 KiB of headers");
    }
    text += decoder.decode(buffer.subarray(0, count));
  }
}

function firstLine(text: string): string {
  return text.slice(0, text.indexOf("\r\n"));
}

/** Takes what is left of an answer, up to the limit. */
export async function drain(source: ByteSource): Promise<void> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  let total = 0;
  while (total < MAXIMUM_ANSWER_BYTES) {
    const count = await source.read(buffer);
    if (count === null) return;
    total += count;
  }
}
