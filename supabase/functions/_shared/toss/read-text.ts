/**
 * Reads a body as UTF-8 text, at most `limit` bytes of it.
 *
 * @returns null when the body is longer (the rest is discarded unread) or is
 * not UTF-8. Throws what the connection throws.
 */
export async function readText(
  response: Response,
  limit: number,
): Promise<string | null> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const parts: string[] = [];
  let size = 0;
  let isUtf8 = true;
  while (true) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > limit) {
      await reader.cancel();
      return null;
    }
    // Reading goes on after garbage, so that a cut connection stays
    // distinguishable from a complete but unreadable answer.
    if (isUtf8) isUtf8 = decode(decoder, parts, value);
  }
  if (isUtf8) isUtf8 = decode(decoder, parts);
  return isUtf8 ? parts.join("") : null;
}

function decode(
  decoder: TextDecoder,
  parts: string[],
  bytes?: Uint8Array,
): boolean {
  try {
    parts.push(
      bytes === undefined
        ? decoder.decode()
        : decoder.decode(bytes, { stream: true }),
    );
    return true;
  } catch {
    return false;
  }
}
