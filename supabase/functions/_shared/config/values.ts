import { isIP } from "node:net";
import { z } from "zod";

/*
 * How the text of one environment variable becomes a value. Every message is
 * our own and says what is expected, never what was found: it may be a secret.
 */

/** An absolute http or https address without user, query or fragment. */
export const httpUrl = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && /^https?:$/.test(url.protocol) && url.host !== "" &&
    `${url.username}${url.password}${url.search}${url.hash}` === "";
}, "must be an absolute http:// or https:// URL without query or fragment")
  .transform((text) => text.replace(/\/+$/, ""));

/** A path that stays on the app's own host. */
export const appPath = z.string().refine(
  (text) =>
    text.startsWith("/") && URL.canParse(text, "http://app.invalid") &&
    new URL(text, "http://app.invalid").origin === "http://app.invalid",
  "must be a path that begins with a single slash",
);

/** `on` or `off`; `true`, `false`, `1` and `0` are understood too. */
export const switchValue = z.string().toLowerCase().pipe(
  z.enum(["on", "true", "1", "off", "false", "0"], "must be on or off"),
).transform((text) => text === "on" || text === "true" || text === "1");

/** A whole number from `minimum` to `maximum`. */
export function wholeNumber(minimum: number, maximum: number) {
  const message = `must be a whole number from ${minimum} to ${maximum}`;
  return z.string().regex(/^\d{1,9}$/, message).transform(Number)
    .pipe(z.number(message).min(minimum, message).max(maximum, message));
}

/** A comma-separated list; blanks around and between commas do not count. */
export const list = z.string().transform((text) =>
  text.split(",").map((item) => item.trim()).filter((item) => item !== "")
);

/** Days after the first decline on which a charge is tried again. */
export const scheduleDays = list.refine(
  (days) =>
    days.length > 0 && days.every((day) => /^[1-9]\d{0,2}$/.test(day)) &&
    days.every((day, index) =>
      index === 0 || Number(day) > Number(days[index - 1])
    ),
  "must be rising whole numbers of days from 1 to 999, e.g. 1,3,5,7",
).transform((days) => days.map(Number));

/** Origins that browsers may call from; `*` allows every one. */
export const origins = list.transform((items) =>
  items.map((item) => item.replace(/\/$/, ""))
).refine(
  (items) => items.every((item) => item === "*" || isOrigin(item)),
  "must be origins such as https://shop.example, separated by commas, or *",
);

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

/** A list of IPv4 or IPv6 addresses. */
export const ipAddresses = z.array(z.string()).refine(
  (items) => items.every((item) => isIP(item) !== 0),
  "must be IP addresses or toss, separated by commas",
);

/** Supabase's JSON object of key name → API key, reduced to the keys. */
export const apiKeys = z.string().transform((text, context) => {
  const keys = z.record(z.string(), z.string().min(1)).safeParse(json(text));
  if (keys.success) return Object.values(keys.data);
  context.addIssue({
    code: "custom",
    message: "must be a JSON object of key name to API key",
  });
  return z.NEVER;
});

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
