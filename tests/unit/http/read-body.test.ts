import assert from "node:assert/strict";
import { z } from "zod";
import { AppError } from "../../../supabase/functions/_shared/http/app-error.ts";
import {
  readBody,
  readJson,
} from "../../../supabase/functions/_shared/http/read-body.ts";

const LIMIT = 64 * 1024;

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
  const bytes = await readBody(post(new Uint8Array(LIMIT)), LIMIT);
  assert.equal(bytes.byteLength, LIMIT);
});

Deno.test("readBody() refuses one byte more", async () => {
  const request = post(new Uint8Array(LIMIT + 1));
  await assert.rejects(
    readBody(request, LIMIT),
    isRefusal("payload_too_large"),
  );
});

Deno.test("readBody() stops reading a body that does not end", async () => {
  await assert.rejects(
    readBody(post(endless()), LIMIT),
    isRefusal("payload_too_large"),
  );
});

Deno.test("readJson() names each field and what is wrong with it", async () => {
  const schema = z.strictObject({
    amount: z.number(),
    inner: z.strictObject({ a: z.string() }),
  });
  const body = JSON.stringify({ amount: "1", inner: { a: "", b: 1 }, more: 1 });
  await assert.rejects(
    readJson(post(body), schema, LIMIT),
    (error: unknown) => {
      assert.ok(error instanceof AppError);
      assert.equal(error.code, "invalid_request");
      const details = error.options.details as { field: string }[];
      assert.deepEqual(
        details.map(({ field }) => field).sort(),
        ["amount", "inner.b", "more"],
      );
      return true;
    },
  );
});

Deno.test("readJson() tells broken JSON from a wrong request", async () => {
  await assert.rejects(
    readJson(post("{"), z.strictObject({}), LIMIT),
    isRefusal("invalid_json"),
  );
});

Deno.test("readJson() names twenty problems at most, and no name at any length", async () => {
  const schema = z.strictObject({ inner: z.strictObject({}) });
  const unknown = Array.from({ length: 500 }, (_, index) => [`k${index}`, 1]);
  const inner = Object.fromEntries([["x".repeat(5_000), 1], ...unknown]);
  const body = JSON.stringify({ inner, ...Object.fromEntries(unknown) });
  await assert.rejects(
    readJson(post(body), schema, LIMIT),
    (error: unknown) => {
      assert.ok(error instanceof AppError);
      const details = error.options.details as { field: string }[];
      assert.equal(details.length, 20);
      assert.equal(details[0]?.field.startsWith("inner.xxx"), true);
      for (const { field } of details) assert.ok(field.length <= 101, field);
      assert.ok(error.message.length < 3_000);
      return true;
    },
  );
});
