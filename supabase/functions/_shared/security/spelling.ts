// Unicode calls text with longer runs hostile (UAX #15, Stream-Safe Text Format); ordering them costs their square.
const TOO_MANY_MARKS = /(\p{M}{30})\p{M}+/gu;

const ENCODED = /(?:%[0-9a-f]{2})+/gi;

/**
 * A text as whoever reads it would understand it, for comparing: compatible characters in their plain form (NFKC),
 * characters that nobody sees left out, percent-encoding read once. Most texts come back as they are.
 */
export function plainSpelling(text: string): string {
  const decoded = text.includes("%") ? text.replace(ENCODED, decodeOnce) : text;
  if (!/[^\0-\x7f]/.test(decoded)) return decoded;
  return decoded.replace(TOO_MANY_MARKS, "$1").normalize("NFKC")
    .replace(/\p{Cf}+/gu, "");
}

function decodeOnce(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    // Not UTF-8 as a whole: what is ASCII is understood all the same.
    return encoded.replace(
      /%([0-7][0-9a-f])/gi,
      (_, hex) => String.fromCharCode(parseInt(hex, 16)),
    );
  }
}
