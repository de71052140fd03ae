import { accessTable } from "./access.ts";
import { dependenciesTable } from "./dependencies.ts";
import { eventsTable, exampleEvent } from "./events.ts";
import { functionsTable } from "./functions.ts";
import { ENDINGS, type Language, LANGUAGES } from "./language.ts";
import { personalDataTable } from "./personal-data.ts";
import { variablesTable } from "./render-variables.ts";
import { chargeDiagram } from "./states/charge.ts";
import { eventDiagram, eventStatesTable } from "./states/event.ts";
import { operationDiagram, operationTable } from "./states/operation.ts";
import { orderDiagram, orderTable } from "./states/order.ts";
import { paymentDiagram, paymentTable } from "./states/payment.ts";
import { refundDiagram } from "./states/refund.ts";
import { subscriptionTable } from "./states/subscription.ts";

/** A part of a page that comes from the code. */
type Block = (language: Language) => string | Promise<string>;

/** The generated parts of each hand-written page, by the page's name and the part's own. */
const PAGES: Readonly<Record<string, Readonly<Record<string, Block>>>> = {
  "docs/functions": { functions: functionsTable },
  "docs/events": { events: eventsTable, example: exampleEvent },
  "docs/environment": { environment: variablesTable },
  "docs/dependencies": { dependencies: dependenciesTable },
  "docs/security": { access: accessTable },
  "docs/privacy": { "personal-data": personalDataTable },
  "docs/subscriptions": { subscription: subscriptionTable },
  "docs/states": {
    "order-diagram": orderDiagram,
    order: orderTable,
    "payment-diagram": paymentDiagram,
    payment: paymentTable,
    "operation-diagram": operationDiagram,
    operation: operationTable,
    "refund-diagram": refundDiagram,
    "charge-diagram": chargeDiagram,
    "event-diagram": eventDiagram,
    event: eventStatesTable,
  },
};

const END = "<!-- /generated -->";

function fill(text: string, name: string, content: string): string {
  const start = `<!-- generated: ${name} -->`;
  const from = text.indexOf(`${start}\n`);
  const to = text.indexOf(END, from);
  if (from < 0 || to < 0) throw new Error(`there is no ${start} … ${END}`);
  return `${text.slice(0, from)}${start}\n${content}\n${text.slice(to)}`;
}

/** The hand-written pages with their generated parts as the code has them, by path. */
export async function fillPages(): Promise<Record<string, string>> {
  const pages: Record<string, string> = {};
  for (const [page, blocks] of Object.entries(PAGES)) {
    for (const language of LANGUAGES) {
      const path = page + ENDINGS[language];
      let text = await Deno.readTextFile(path);
      for (const [name, block] of Object.entries(blocks)) {
        text = fill(text, name, await block(language));
      }
      pages[path] = text;
    }
  }
  return pages;
}
