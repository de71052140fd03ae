import { z } from "zod";
import { NOTICES } from "../notices/notice.ts";

/** `Shop <notice@shop.example>` or the address alone. */
export const emailSender = z.string().regex(
  /^(?:[^<>"\r\n]{1,60}<[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+)$/,
  "must be an address, or Name <address>",
);

/** A number that messages come from; hyphens do not count. */
export const senderNumber = z.string().transform((text) =>
  text.replaceAll("-", "")
).pipe(z.string().regex(/^\d{8,12}$/, "must be a Korean number, digits only"));

const templateIds = z.partialRecord(
  z.enum(NOTICES),
  z.string().regex(/^\w{1,100}$/),
);

/** Notice → id of the template that Kakao approved for it. */
export const noticeTemplates = z.string().transform((text, context) => {
  const parsed = templateIds.safeParse(json(text));
  if (parsed.success) return parsed.data;
  context.addIssue({
    code: "custom",
    message: `must be a JSON object of notice to template id; notices: ${
      NOTICES.join(", ")
    }`,
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
