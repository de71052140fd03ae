import { isAbsolute, join } from "node:path";
import { NOTICE_EXAMPLES } from "../../supabase/functions/_shared/notices/examples.ts";
import {
  type Notice,
  NOTICES,
  type Shop,
} from "../../supabase/functions/_shared/notices/notice.ts";
import { renderEmail } from "../../supabase/functions/_shared/notices/render/email.ts";
import {
  renderMessage,
  templateText,
} from "../../supabase/functions/_shared/notices/render/message.ts";
import { writeNotice } from "../../supabase/functions/_shared/notices/write-notice.ts";
import type { PreviewOptions } from "./command.ts";
import { noticeSettings } from "./settings.ts";

/** The files of a notice: what they are called and what they hold. */
function filesOf(notice: Notice, shop: Shop): [name: string, text: string][] {
  return (["ko", "en"] as const).flatMap((language) => {
    const facts = NOTICE_EXAMPLES[notice];
    const text = writeNotice({ notice, language, facts, shop });
    const email = renderEmail(text, { language, shop });
    const message = renderMessage(text, shop);
    const base = `${notice}.${language}`;
    const files: [string, string][] = [
      [`${base}.email.html`, email.html],
      [`${base}.email.txt`, `${email.subject}\n\n${email.text}`],
      [
        `${base}.message.txt`,
        `${message.type}${
          message.subject === undefined ? "" : `: ${message.subject}`
        }\n\n${message.text}\n`,
      ],
    ];
    if (language === "ko") {
      files.push([`${base}.template.txt`, `${templateText(text)}\n`]);
    }
    return files;
  });
}

/** Writes what notices say. */
export async function run({ notice, into }: PreviewOptions): Promise<number> {
  const { shop } = await noticeSettings();
  const folder = isAbsolute(into) ? into : join(Deno.cwd(), into);
  await Deno.mkdir(folder, { recursive: true });
  const notices = notice === undefined ? NOTICES : [notice];
  for (const [name, text] of notices.flatMap((one) => filesOf(one, shop))) {
    await Deno.writeTextFile(join(folder, name), text);
    console.log(join(into, name));
  }
  return 0;
}
