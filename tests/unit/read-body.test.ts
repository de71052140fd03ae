import assert from "node:assert/strict";
import { z } from "zod";
import { AppError } from "../../supabase/functions/_shared/http/app-error.ts";
import {
  MAXIMUM_BODY_BYTES,
  readBody,
  readJson,
} from "../../supabase/functions/_shared/http/read-body.ts";

function post(body: BodyInit, headers: Record<string, string> = {}): Request {
  return new Request("http://127.0.0.1/", { method: "POST", body, headers });
}

function isRefusal(code: string) {
  return (error: unknown) => error instanceof AppError && error.code === code;
}

function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)),
  });
}

Deno.test("readBody() takes a body of exactly the limit", async () => {
  const bytes = await readBody(post(new Uint8Array(MAXIMUM_BODY_BYTES)));
  assert.equal(bytes.byteLength, MAXIMUM_BODY_BYTES);
});

Deno.test("readBody() refuses one byte more", async () => {
  const request = post(new Uint8Array(MAXIMUM_BODY_BYTES + 1));
  await assert.rejects(readBody(request), isRefusal("payload_too_large"));
});

Deno.test("readBody() stops reading a body that does not end", async () => {
  await assert.rejects(
    readBody(post(endless())),
    isRefusal("payload_too_large"),
  );
});

Deno.test("readJson() names each field and what is wrong with it", async () => {
  const schema = z.strictObject({
    amount: z.number(),
    inner: z.strictObject({ a: z.string() }),
  });
  const body = JSON.stringify({ amount: "1", inner: { a: "", b: 1 }, more: 1 });
  await assert.rejects(readJson(post(body), schema), (error: unknown) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, "invalid_request");
    const details = error.options.details as { field: string }[];
    assert.deepEqual(
      details.map(({ field }) => field).sort(),
      ["amount", "inner.b", "more"],
    );
    return true;
  });
});

Deno.test("readJson() tells broken JSON from a wrong request", async () => {
  await assert.rejects(
    readJson(post("{"), z.strictObject({})),
    isRefusal("invalid_json"),
  );
});
