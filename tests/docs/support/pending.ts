import { FUNCTION_ACCESS } from "../../../supabase/functions/_shared/http/access.ts";

/** What the documents describe and a checkout may not have yet. What has arrived is tested; then its line goes. */
const ANNOUNCED = {
  functions: [
    "billing-charge",
    "billing-issue",
    "cancel",
    "subscription",
    "virtual-account",
  ],
  pages: [
    "docs/refunds.md",
    "docs/refunds.ko.md",
    "docs/subscriptions.md",
    "docs/subscriptions.ko.md",
    "docs/virtual-accounts.md",
    "docs/virtual-accounts.ko.md",
  ],
  tasks: ["charge", "rotate-keys"],
};

/** Functions that are announced and not there. */
export const PENDING_FUNCTIONS: readonly string[] = ANNOUNCED.functions
  .filter((name) => !Object.hasOwn(FUNCTION_ACCESS, name));

/** Pages that may be linked to before they are there. */
export const PENDING_PAGES: ReadonlySet<string> = new Set(ANNOUNCED.pages);

/** Tasks that may be named before they are there. */
export const PENDING_TASKS: ReadonlySet<string> = new Set(ANNOUNCED.tasks);
