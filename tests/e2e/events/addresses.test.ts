import assert from "node:assert/strict";
import { manage } from "../../support/receiver.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests();

test("without WEBHOOK_ALLOW_PRIVATE neither this machine nor a private network, nor http, is an endpoint", async (shop) => {
  for (
    const url of [
      "http://127.0.0.1:54390/events",
      "https://127.0.0.1/",
      "https://localhost/",
      "https://2130706433/",
      "https://0x7f.1/",
      "https://10.0.0.1/",
      "https://172.16.0.1/",
      "https://192.168.0.1/",
      "https://[::1]/",
      "https://[::ffff:127.0.0.1]/",
      "https://[fd12:3456::1]/",
      "https://kong:8000/",
      "http://receiver.example/",
    ]
  ) {
    const { status, body } = await manage(shop, { action: "create", url });
    assert.equal(status, 422, url);
    assert.equal(body.code, "url_not_allowed");
  }
  const made = await manage(shop, {
    action: "create",
    url: "https://receiver.example/events",
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.deepEqual(Object.keys(made.body).sort(), [
    "createdAt",
    "description",
    "disabledAt",
    "disabledReason",
    "eventTypes",
    "id",
    "secret",
    "status",
    "url",
  ]);
  await manage(shop, { action: "disable", id: made.body.id });
});
