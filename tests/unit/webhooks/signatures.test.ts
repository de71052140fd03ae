import assert from "node:assert/strict";
import fc from "fast-check";
import type { SignatureScheme } from "../../../supabase/functions/_shared/config/config.ts";
import {
  type SignatureProof,
  verifySignature,
} from "../../../supabase/functions/_shared/webhooks/signatures/verify-signature.ts";
import { signatureHeaders, type Signing } from "../../support/sign-webhook.ts";

const NEW_KEY = "9a1f".repeat(16);
const OLD_KEY = "0b2e".repeat(16);
const BODY = '{"eventType":"payout.changed",  "entityBody":{"id":"p1"}}';
const KOREAN_BODY = '{"eventType":"payout.changed","이름":"김토스 🙂"}';

const SCHEMES: SignatureScheme[] = [
  "toss-v1",
  "sha512-hex-body",
  "sha256-hex-body-time",
  "sha256-hex-body",
  "sha256-base64-body",
];

interface Check extends Partial<Signing> {
  scheme: SignatureScheme;
  keys?: string[];
  /** What arrives, when it is not what was signed. */
  arrives?: string | Uint8Array;
  change?: (value: string, name: string) => string | null;
}

async function check(
  { keys = [NEW_KEY], change = (value) => value, arrives, ...signing }: Check,
): Promise<SignatureProof> {
  const { scheme, body = BODY } = signing;
  const signed = await signatureHeaders({ key: NEW_KEY, body, ...signing });
  const headers = new Headers();
  for (const [name, value] of Object.entries(signed)) {
    const changed = change(value, name.toLowerCase());
    if (changed !== null) headers.set(name, changed);
  }
  const came = arrives ?? body;
  const bytes = typeof came === "string"
    ? new TextEncoder().encode(came)
    : came;
  return verifySignature({ headers, body: bytes }, [{ scheme, keys }]);
}

const isSignature = (name: string) => name.endsWith("signature");

/** Changes the signature itself and leaves the time alone. */
function signature(change: (value: string) => string | null) {
  return (value: string, name: string) =>
    isSignature(name) ? change(value) : value;
}

/** Another character of the same alphabet in the middle. */
function flip(value: string): string {
  const middle = Math.floor(value.length / 2);
  const other = value[middle] === "a" ? "b" : "a";
  return value.slice(0, middle) + other + value.slice(middle + 1);
}

for (const scheme of SCHEMES) {
  const name = (what: string) => `verifySignature() with ${scheme} ${what}`;
  const valid = { kind: "valid", scheme };

  Deno.test(name("accepts the right signature"), async () => {
    assert.deepEqual(await check({ scheme }), valid);
  });

  Deno.test(
    name("refuses a wrong signature, a wrong key and a changed body"),
    async () => {
      const wrong = { kind: "wrong" };
      assert.deepEqual(await check({ scheme, change: signature(flip) }), wrong);
      assert.deepEqual(await check({ scheme, keys: [OLD_KEY] }), wrong);
      const arrives = BODY.replace("p1", "p2");
      assert.deepEqual(await check({ scheme, arrives }), wrong);
    },
  );

  Deno.test(name("finds nothing where no signature came"), async () => {
    const change = signature(() => null);
    assert.deepEqual(await check({ scheme, change }), { kind: "absent" });
  });

  Deno.test(
    name("accepts the old key and the new one while they change"),
    async () => {
      const keys = [NEW_KEY, OLD_KEY];
      assert.deepEqual(await check({ scheme, keys, key: OLD_KEY }), valid);
      assert.deepEqual(await check({ scheme, keys, key: NEW_KEY }), valid);
      const after = await check({ scheme, keys: [NEW_KEY], key: OLD_KEY });
      assert.deepEqual(after, { kind: "wrong" });
    },
  );

  Deno.test(name("refuses a signature of another length"), async () => {
    const changes: ((value: string) => string)[] = [
      (value) => value.slice(0, -1),
      (value) => `${value}00`,
      (value) => value.slice(0, 5),
      () => "",
    ];
    for (const change of changes) {
      const proof = await check({ scheme, change: signature(change) });
      assert.deepEqual(proof, { kind: "wrong" });
    }
  });

  Deno.test(
    name("signs bytes: Korean text, and bytes that are no text"),
    async () => {
      assert.deepEqual(await check({ scheme, body: KOREAN_BODY }), valid);
      const body = Uint8Array.of(0xff, 0, 0x80, 0x7b);
      assert.deepEqual(await check({ scheme, body }), valid);
      // Both read as the same text, but are not the same bytes.
      const arrives = Uint8Array.of(0xfe, 0, 0x80, 0x7b);
      assert.deepEqual(await check({ scheme, body, arrives }), {
        kind: "wrong",
      });
    },
  );

  Deno.test(
    name("refuses a body that was parsed and written again"),
    async () => {
      const arrives = JSON.stringify(JSON.parse(BODY));
      assert.notEqual(arrives, BODY);
      assert.deepEqual(await check({ scheme, arrives }), { kind: "wrong" });
    },
  );

  Deno.test(name("takes part in nothing without a key"), async () => {
    assert.deepEqual(await check({ scheme, keys: [] }), { kind: "absent" });
  });
}

Deno.test("verifySignature() with toss-v1 reads the key as text and as hexadecimal digits", async () => {
  const scheme = "toss-v1";
  const valid = { kind: "valid", scheme };
  assert.deepEqual(await check({ scheme, isHexKey: true }), valid);
  assert.deepEqual(await check({ scheme, isHexKey: false }), valid);
  const isHexKey = true;
  const relay = await check({ scheme: "sha256-hex-body", isHexKey });
  assert.deepEqual(relay, { kind: "wrong" });
});

Deno.test("verifySignature() with toss-v1 accepts any of the listed values", async () => {
  const scheme = "toss-v1";
  const lists: ((value: string) => string)[] = [
    (value) => `${value},v1:AAAA`,
    (value) => `v1:AAAA, ${value}`,
    (value) => `v2:AAAA,${value}`,
  ];
  for (const change of lists) {
    const proof = await check({ scheme, change: signature(change) });
    assert.deepEqual(proof, { kind: "valid", scheme });
  }
  const bare = signature((value) => value.replace("v1:", ""));
  assert.deepEqual(await check({ scheme, change: bare }), { kind: "wrong" });
});

Deno.test("verifySignature() covers the time that was sent, and needs it", async () => {
  for (const scheme of ["toss-v1", "sha256-hex-body-time"] as const) {
    for (const time of ["2026-11-21T11:42:35+09:00", null]) {
      const change = (value: string, name: string) =>
        isSignature(name) ? value : time;
      assert.deepEqual(await check({ scheme, change }), { kind: "wrong" });
    }
  }
});

Deno.test("verifySignature() accepts either of two schemes that share a header", async () => {
  const body = new TextEncoder().encode(BODY);
  const active = SCHEMES.map((scheme) => ({ scheme, keys: [NEW_KEY] }));
  for (const scheme of SCHEMES) {
    const headers = new Headers(
      await signatureHeaders({ scheme, body: BODY, key: NEW_KEY }),
    );
    const proof = verifySignature({ headers, body }, active);
    assert.deepEqual(proof, { kind: "valid", scheme });
  }
});

Deno.test("verifySignature() leaves a header alone whose scheme is off", async () => {
  // The relay's header is nobody's business while its scheme is off.
  const signed = await signatureHeaders({
    scheme: "toss-v1",
    body: BODY,
    key: NEW_KEY,
  });
  const headers = new Headers({ ...signed, "x-tosspayments-signature": "x" });
  const body = new TextEncoder().encode(BODY);
  const toss = { scheme: "toss-v1", keys: [NEW_KEY] } as const;
  assert.equal(verifySignature({ headers, body }, [toss]).kind, "valid");
});

Deno.test("verifySignature() survives any header and finds no signature in it", () => {
  const active = SCHEMES.map((scheme) => ({ scheme, keys: [NEW_KEY] }));
  const visible = fc.string({ unit: "grapheme-ascii", maxLength: 300 });
  fc.assert(fc.property(visible, fc.uint8Array(), (value, body) => {
    for (
      const name of [
        "tosspayments-webhook-signature",
        "tosspayments-signature",
        "x-tosspayments-signature",
      ]
    ) {
      const headers = new Headers({ [name]: value });
      assert.equal(verifySignature({ headers, body }, active).kind, "wrong");
    }
  }));
});
