import assert from "node:assert/strict";
import {
  createLogger,
  LOG_LINE_LIMIT,
  type LoggerOptions,
} from "../../../supabase/functions/_shared/logger.ts";

function capture(options: LoggerOptions = {}) {
  const lines: [string, string][] = [];
  const logger = createLogger({
    now: () => new Date("2026-01-02T03:04:05.678Z"),
    sink: (line, level) => lines.push([level, line]),
    ...options,
  });
  return { logger, lines };
}

Deno.test("createLogger() writes one JSON line with time, level, event and fields", () => {
  const { logger, lines } = capture({ fields: { function: "confirm" } });
  logger.with({ requestId: "r1" }).warn("confirm_refused", {
    orderId: "order_1",
    note: "첫 줄\n둘째 줄",
  });
  assert.equal(lines.length, 1);
  const [level, line] = lines[0] ?? ["", ""];
  assert.equal(level, "warn");
  assert.equal(line.includes("\n"), false);
  assert.deepEqual(JSON.parse(line), {
    time: "2026-01-02T03:04:05.678Z",
    level: "warn",
    event: "confirm_refused",
    function: "confirm",
    requestId: "r1",
    orderId: "order_1",
    note: "첫 줄\n둘째 줄",
  });
});

Deno.test("createLogger() removes secrets from fields and events", () => {
  const { logger, lines } = capture({ secrets: ["cron-secret-literal"] });
  logger.info("got cron-secret-literal", {
    header: "Bearer cron-secret-literal",
    billingKey: "bk",
    "cron-secret-literal": 1,
  });
  const line = lines[0]?.[1] ?? "";
  assert.equal(line.includes("cron-secret-literal"), false);
  assert.equal(line.includes('"bk"'), false);
});

Deno.test("createLogger() lets no field pose as time, level or event", () => {
  const { logger, lines } = capture();
  logger.error("real", { event: "false", level: "info", time: "never" });
  const record = JSON.parse(lines[0]?.[1] ?? "");
  assert.equal(`${record.event} ${record.level}`, "real error");
  assert.equal(record.time, "2026-01-02T03:04:05.678Z");
});

Deno.test("createLogger() shortens a long line and keeps its short fields", () => {
  const { logger, lines } = capture({ fields: { requestId: "r1" } });
  logger.info("big", { orderId: "order_1", body: '"\n'.repeat(50_000) });
  const line = lines[0]?.[1] ?? "";
  assert.ok(line.length <= LOG_LINE_LIMIT);
  const record = JSON.parse(line);
  assert.equal(record.requestId, "r1");
  assert.equal(record.orderId, "order_1");
  assert.match(record.truncated, /^\{"body":/);
});

Deno.test("createLogger() shortens a line of very many fields", () => {
  const { logger, lines } = capture();
  const fields = Array.from(
    { length: 5_000 },
    (_, index) => [`f${index}`, "x"],
  );
  logger.info("many", Object.fromEntries(fields));
  assert.ok((lines[0]?.[1].length ?? 0) <= LOG_LINE_LIMIT);
  assert.equal(JSON.parse(lines[0]?.[1] ?? "").event, "many");
});

Deno.test("createLogger() never throws, whatever clock, sink and fields do", () => {
  const fail = () => {
    throw new Error("broken");
  };
  createLogger({ sink: fail }).info("a");
  createLogger({ now: fail, sink: () => {} }).info("a");
  const { logger, lines } = capture();
  const cycle: Record<string, unknown> = {};
  cycle["cycle"] = cycle;
  logger.info("a", {
    cycle,
    get broken() {
      return fail();
    },
  });
  const record = JSON.parse(lines[0]?.[1] ?? "");
  assert.deepEqual(record.cycle, { cycle: "[circular]" });
  assert.equal(record.broken, "[unreadable]");
});
