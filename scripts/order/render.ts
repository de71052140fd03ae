import type { Story } from "../../supabase/functions/_shared/story/story.ts";
import { widthOf, wrap } from "./width.ts";

const COLUMNS = 80;

/** `11-27 12:40:05  toss        ` before each line; a year says the title. */
function timelineLine({ at, kind, text }: Story["timeline"][number]): string {
  const head = `${at.slice(5, 19).replace("T", " ")}  ${kind.padEnd(12)} `;
  const gap = " ".repeat(widthOf(head));
  return wrapAfter(head, text, gap);
}

function wrapAfter(head: string, text: string, hanging: string): string {
  // The head is part of the first line, so it is wrapped as if it were indented like the others.
  const room = COLUMNS - widthOf(hanging);
  return head + wrap(text, room).replaceAll("\n", `\n${hanging}`);
}

function money(amount: number, currency: string): string {
  return `${amount.toLocaleString("en")} ${currency}`;
}

function titleOf({ order, subscription, timeline }: Story): string[] {
  const year = timeline.at(-1)?.at.slice(0, 4);
  return [
    ...(order === null ? [] : [
      wrap(
        `Order ${order.id}, ${order.status}: ${order.orderName}, ` +
          `${money(order.amount, order.currency)}` +
          (order.reference === null ? "" : `, reference ${order.reference}`),
        COLUMNS,
        "  ",
      ),
    ]),
    ...(subscription === null ? [] : [
      wrap(
        `Subscription ${subscription.id}, ${subscription.status}: ` +
          `${subscription.planId}, ` +
          money(subscription.amount, subscription.currency),
        COLUMNS,
        "  ",
      ),
    ]),
    `Times of Seoul, ${year}`,
  ];
}

/** A story for a terminal: lines of at most 80 columns, but for the command. */
export function renderStory(story: Story): string {
  const ending = story.timeline.at(-1);
  const before = story.timeline.slice(0, -1);
  return [
    ...titleOf(story),
    "",
    ...before.map(timelineLine),
    "",
    ...(story.differs
      ? story.differences.map(({ paymentKey, text }) =>
        wrap(`Differs: ${text} (${paymentKey})`, COLUMNS, "  ")
      )
      : [
        story.toss === null
          ? "No answer of Toss to compare with."
          : "Toss and the database agree.",
      ]),
    "",
    wrap(ending?.text ?? "", COLUMNS),
    ...(story.next === null ? [] : ["", story.next.command]),
  ].join("\n");
}
