import { Buffer } from "node:buffer";

/** Joins what `part` makes until `bytes` are full. */
function fill(
  bytes: number,
  part: (index: number) => string,
  glue = "",
): string {
  const parts: string[] = [];
  for (let size = 0, index = 0;; index++) {
    const text = part(index);
    size += Buffer.byteLength(text) + glue.length;
    if (size > bytes) return parts.join(glue);
    parts.push(text);
  }
}

const ROOM = 200;

/** Texts that cost a pattern, a normalisation or a decoding the most. */
const DEAR_TEXTS: Record<string, string> = {
  digits: "4",
  "masked cards": "4330-1***",
  "numbers with spaces": "4111 1111 ",
  "card numbers": "4330123456789012 ",
  tokens: "eyJaaaaaaaa.",
  "Toss keys": "test_sk_",
  credentials: "Basic aaaaaaaa",
  "sensitive names": "secret",
  "names with quotes": 'secret\\\\\\":',
  "names with values": "authKey=x&",
  "phone numbers": "010-1234-5678 ",
  "half phone numbers": "010-1234-",
  backslashes: "\\\\",
  blanks: " ",
  "percent signs": "%25",
  "encoded letters": "%73%65%63%72%65%74%3d",
  "wide letters": "ｓｅｃｒｅｔ＝",
  "combining marks": "\u0301\u0327\u0323",
  "long compositions": "\ufdfa",
  "letters in their parts": "\u1112\u1161\u11ab",
  "mail addresses": "a@a.",
  escapes: "\\u0073\\u0065",
  "dashes and digits": "1-",
  "orders' names": "orderId: ",
};

/**
 * Bodies that are dear to read, each close to `bytes` long: what a stranger may post to make a function work.
 *
 * @param field a field of the function that takes text
 * @param lead fields that come first, each with its comma
 */
export function craftedBodies(
  bytes: number,
  { field, lead = "" }: { field: string; lead?: string },
): Record<string, string> {
  const room = bytes - ROOM;
  const half = (open: string, close: string) => {
    const depth = Math.floor(room / (open.length + close.length));
    return open.repeat(depth) + close.repeat(depth);
  };
  const bodies: Record<string, string> = {
    "unknown fields": `{${fill(room, (index) => `"k${index}":1`, ",")}}`,
    "one-letter fields": `{${
      fill(
        room,
        (index) => `"${String.fromCodePoint(0x4e00 + index % 20_000)}":0`,
        ",",
      )
    }}`,
    "the same field": `{${fill(room, () => `"${field}":0`, ",")}}`,
    "nested objects": `{"${field}":${
      half('{"a":', "}").replace("{}", '{"a":0}').replace(":}", ":0}")
    }}`,
    "nested lists": `{"${field}":${half("[", "]")}}`,
    "objects in a list": `{"data":[${fill(room, () => "{}", ",")}]}`,
    "small objects": `{"data":[${fill(room, () => '{"a":0}', ",")}]}`,
    "items without anything": `{"items":[${fill(room, () => "{}", ",")}]}`,
    "items of another type": `{"items":[${fill(room, () => "0", ",")}]}`,
    "items with an unknown field": `{"items":[${
      fill(room, () => '{"a":0}', ",")
    }]}`,
    "metadata of every name": `{"metadata":{${
      fill(room, (index) => `"[${index}":0`, ",")
    }}}`,
    "numbers": `{"data":[${fill(room, () => "4330123456789012", ",")}]}`,
    "a long number": `{"amount":${"9".repeat(room)}}`,
    "sensitive fields": `{${
      fill(room, (index) => `"a${index}_secret":{}`, ",")
    }}`,
    "JSON in JSON": `{"data":${
      JSON.stringify(fill(room / 2, () =>
        JSON.stringify({ secret: "a", b: [1] })))
    }}`,
  };
  for (const [name, unit] of Object.entries(DEAR_TEXTS)) {
    const size = Buffer.byteLength(unit);
    const text = unit.repeat(Math.floor(room / size));
    bodies[`text of ${name}`] = `{"${field}":"${text}"}`;
    bodies[`names of ${name}`] = `{"${text}":"${field}"}`;
    const short = unit.repeat(Math.max(1, Math.floor(24 / size)));
    bodies[`short texts of ${name}`] = `{"data":[${
      fill(room, () => `"${short}"`, ",")
    }]}`;
  }
  return Object.fromEntries(
    Object.entries(bodies).map((
      [kind, body],
    ) => [kind, `{${lead}${body.slice(1)}`]),
  );
}
