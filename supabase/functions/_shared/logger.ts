import { type JsonValue, redactJson } from "./security/redact.ts";

/** How serious an event is; `error` needs an operator. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Takes one finished line. */
export type LogSink = (line: string, level: LogLevel) => void;

/** What is known about an event. Objects may be deep; secrets are removed. */
export type LogFields = Record<string, unknown>;

/** Writes one JSON line per event. No method ever throws. */
export type Logger = {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A logger whose lines carry these fields too, e.g. the request id. */
  with(fields: LogFields): Logger;
};

/** Where lines go, and what every line carries. */
export type LoggerOptions = {
  /** @default the console, by level */
  readonly sink?: LogSink;
  /** @default the system's clock */
  readonly now?: () => Date;
  /** Fields of every line, e.g. `{ function: "confirm", requestId }`. */
  readonly fields?: LogFields;
  /** Exact secrets to remove wherever they occur, e.g. CRON_SECRET. */
  readonly secrets?: readonly string[];
};

/** Supabase cuts a log line after this many characters. */
export const LOG_LINE_LIMIT = 10_000;

/**
 * Makes a logger for structured logs.
 *
 * A line is `{ time, level, event, …fields }`, with `time` in UTC (ISO 8601),
 * passed through the redactor and at most {@linkcode LOG_LINE_LIMIT} characters
 * long. A longer one keeps its short fields and ends with `truncated`, the
 * beginning of the rest as text.
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const write = (level: LogLevel) => (event: string, fields?: LogFields) => {
    try {
      const time = (options.now ?? (() => new Date()))().toISOString();
      const parts = [options.fields, fields];
      const line = toLine({ time, level, event }, parts, options.secrets ?? []);
      (options.sink ?? writeToConsole)(line, level);
    } catch {
      // A log line is never worth a failed payment.
    }
  };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    with: (fields) =>
      createLogger({ ...options, fields: { ...options.fields, ...fields } }),
  };
}

type Head = {
  readonly time: string;
  readonly level: LogLevel;
  readonly event: string;
};

function toLine(
  head: Head,
  parts: readonly (LogFields | undefined)[],
  secrets: readonly string[],
): string {
  // Redacted before they are merged: merging would run a getter that throws.
  const clean = parts.map((fields) => asObject(redactJson(fields, secrets)));
  const event = String(redactJson(head.event, secrets)).slice(0, 200);
  const safeHead = { ...head, event };
  // First for readers, and last so that no field can pose as the head.
  const record: { [name: string]: JsonValue } = Object.assign(
    {},
    safeHead,
    ...clean,
    safeHead,
  );
  const line = JSON.stringify(record);
  return line.length <= LOG_LINE_LIMIT ? line : shorten(record);
}

function asObject(value: JsonValue): { [name: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value
    : {};
}

const SHORT_FIELD = 200;
const SHORT_FIELDS_TOGETHER = 4_000;

function shorten(record: { [name: string]: JsonValue }): string {
  const kept: [string, JsonValue][] = [];
  const rest: [string, JsonValue][] = [];
  let size = 0;
  for (const [name, value] of Object.entries(record)) {
    const length = JSON.stringify([name, value]).length;
    const isShort = length <= SHORT_FIELD + name.length &&
      size + length <= SHORT_FIELDS_TOGETHER;
    (isShort ? kept : rest).push([name, value]);
    if (isShort) size += length;
  }
  const text = JSON.stringify(Object.fromEntries(rest));
  let room = LOG_LINE_LIMIT - SHORT_FIELDS_TOGETHER;
  while (true) {
    const truncated = text.slice(0, room);
    const line = JSON.stringify({ ...Object.fromEntries(kept), truncated });
    if (line.length <= LOG_LINE_LIMIT || room === 0) return line;
    room = Math.floor(room / 2);
  }
}

function writeToConsole(line: string, level: LogLevel): void {
  console[level](line);
}
