import assert from "node:assert/strict";
import type { StoryRows } from "../../../supabase/functions/_shared/database/story.ts";
import type { Look } from "../../../supabase/functions/_shared/story/look.ts";
import { tellStory } from "../../../supabase/functions/_shared/story/story.ts";
import { PROJECT_ROOT } from "../../../stack/paths.ts";
import {
  EARLIER,
  LATER,
  operationOf,
  paymentOf,
  rowsOf,
  seen,
  subscriptionOf,
  webhookOf,
} from "./rows.ts";

interface Told {
  rows: StoryRows;
  looks?: Look[];
  /** What the command is, or null when nothing is to be done. */
  command: RegExp | null;
  says: RegExp;
}

const LOOK = /^npx -y deno task toss replay --look order_000001$/;

const paid = paymentOf("DONE", { approvedAt: EARLIER });
const refundedPart = paymentOf("PARTIAL_CANCELED", {
  approvedAt: EARLIER,
  balanceAmount: 2_000,
  cancels: [{
    transactionKey: "cancel_1",
    amount: 1_000,
    status: "DONE",
    canceledAt: EARLIER,
    reason: null,
    isOurs: true,
    createdAt: EARLIER,
  }],
});
const account = (dueAt: string) =>
  paymentOf("WAITING_FOR_DEPOSIT", {
    method: "가상계좌",
    isVirtualAccount: true,
    dueAt,
  });

/** A payment of each status as the order has it when Toss says the same. */
function agreed(
  order: string,
  status: string,
  says: RegExp,
  command: RegExp | null = null,
  more: Parameters<typeof paymentOf>[1] = {},
): Told {
  const payment = paymentOf(status, more);
  return {
    rows: rowsOf(order, { payments: [payment] }),
    looks: [seen(payment)],
    says,
    command,
  };
}

function charged(
  status: string,
  charge: string,
  more: Parameters<typeof subscriptionOf>[2] = {},
): StoryRows {
  return rowsOf(charge === "paid" ? "paid" : "pending", {
    isOfSubscription: true,
    subscription: subscriptionOf(status, charge, more),
  });
}

const cancel = { kind: "cancel" } as const;

/** Every state of every diagram of the documents: how a story ends there, and the command that goes on. */
const STATES: Record<string, Record<string, Told>> = {
  order: {
    pending: {
      rows: rowsOf("pending"),
      says: /^Nobody has paid/,
      command: null,
    },
    waiting_for_deposit: agreed(
      "waiting_for_deposit",
      "WAITING_FOR_DEPOSIT",
      /waits for its deposit until 2026-11-27 13:00/,
      null,
      { ...account(LATER) },
    ),
    paid: agreed("paid", "DONE", /^It is paid, and Toss says the same/),
    partially_refunded: {
      rows: rowsOf("partially_refunded", { payments: [refundedPart] }),
      looks: [seen(refundedPart)],
      says: /^1,000 KRW went back.* card shows it in three to seven/,
      command: null,
    },
    refunded: {
      rows: rowsOf("refunded", {
        payments: [{ ...refundedPart, balanceAmount: 0, status: "CANCELED" }],
      }),
      looks: [seen({ ...refundedPart, balanceAmount: 0, status: "CANCELED" })],
      says: /^3,000 KRW went back/,
      command: null,
    },
    canceled: agreed(
      "canceled",
      "CANCELED",
      /given up before money came/,
      null,
      { balanceAmount: 0 },
    ),
    failed: {
      rows: rowsOf("failed", {
        operations: [
          operationOf("rejected", { kind: "charge", errorCode: "REJECT_CARD" }),
        ],
      }),
      says: /declined \(REJECT_CARD\)/,
      command: null,
    },
    // Toss took the deposit after the deadline, and no webhook told.
    expired: {
      rows: rowsOf("expired", { payments: [account(EARLIER)] }),
      looks: [seen(account(EARLIER), { status: "DONE" })],
      says: /differ \(status: WAITING_FOR_DEPOSIT here, DONE at Toss\)/,
      command: LOOK,
    },
  },
  payment: {
    READY: agreed("pending", "READY", /did not finish: no money was taken/),
    IN_PROGRESS: agreed("pending", "IN_PROGRESS", /no money was taken/),
    WAITING_FOR_DEPOSIT: agreed(
      "waiting_for_deposit",
      "WAITING_FOR_DEPOSIT",
      /was due at 2026-11-27 11:00/,
      LOOK,
      { ...account(EARLIER) },
    ),
    DONE: agreed("paid", "DONE", /^It is paid/),
    CANCELED: {
      rows: rowsOf("paid", { payments: [paid] }),
      looks: [seen(paid, { status: "CANCELED", balanceAmount: 0 })],
      says: /status: DONE here, CANCELED at Toss/,
      command: LOOK,
    },
    PARTIAL_CANCELED: {
      rows: rowsOf("paid", { payments: [paid] }),
      looks: [seen(paid, { status: "PARTIAL_CANCELED", balanceAmount: 1 })],
      says: /status: DONE here, PARTIAL_CANCELED at Toss/,
      command: LOOK,
    },
    ABORTED: agreed("pending", "ABORTED", /ended without money \(ABORTED\)/),
    EXPIRED: agreed("pending", "EXPIRED", /ended without money \(EXPIRED\)/),
  },
  operation: {
    started: {
      rows: rowsOf("pending", { operations: [operationOf("started")] }),
      says: /has not said how the confirm ended\. It is asked again at/,
      command: LOOK,
    },
    unknown: {
      rows: rowsOf("pending", {
        operations: [operationOf("unknown", { errorCode: "TIMEOUT" })],
      }),
      says: /has not said how the confirm ended \(TIMEOUT\)/,
      command: LOOK,
    },
    succeeded: {
      rows: rowsOf("paid", {
        payments: [paid],
        operations: [operationOf("succeeded")],
      }),
      looks: [seen(paid)],
      says: /^It is paid/,
      command: null,
    },
    rejected: {
      rows: rowsOf("expired", {
        operations: [operationOf("rejected", { errorCode: "REJECT_CARD" })],
      }),
      says: /ended without money \(REJECT_CARD\)/,
      command: null,
    },
  },
  refund: {
    queued: {
      rows: rowsOf("paid", {
        payments: [paid],
        operations: [operationOf("started", { ...cancel, isQueued: true })],
      }),
      looks: [seen(paid)],
      says: /how the cancel ended\. It waits for another refund/,
      command: LOOK,
    },
    at_Toss: {
      rows: rowsOf("paid", {
        payments: [paid],
        operations: [operationOf("unknown", cancel)],
      }),
      looks: [seen(paid)],
      says: /has not said how the cancel ended/,
      command: LOOK,
    },
    succeeded: {
      rows: rowsOf("partially_refunded", {
        payments: [refundedPart],
        operations: [operationOf("succeeded", cancel)],
      }),
      looks: [seen(refundedPart)],
      says: /^1,000 KRW went back/,
      command: null,
    },
    rejected: {
      rows: rowsOf("paid", {
        payments: [paid],
        operations: [
          operationOf("rejected", {
            ...cancel,
            errorCode: "NOT_CANCELABLE_AMOUNT",
          }),
        ],
      }),
      looks: [seen(paid)],
      says:
        /^Only a person can mend this: Toss refused the last refund of 3,000 KRW: NOT_CANCELABLE_AMOUNT/,
      command: /^curl -s "\$FUNCTIONS_URL\/cancel"/,
    },
  },
  charge: {
    processing: {
      rows: {
        ...charged("active", "processing"),
        operations: [operationOf("started", { kind: "charge" })],
      },
      says: /how the charge ended/,
      command: /--look 00000000-0000-4000-8000-000000000003$/,
    },
    unknown: {
      rows: {
        ...charged("past_due", "unknown"),
        operations: [operationOf("unknown", { kind: "charge" })],
      },
      says: /how the charge ended/,
      command: /--look 00000000-0000-4000-8000-000000000003$/,
    },
    paid: {
      rows: charged("active", "paid"),
      says: /^Its period is paid until 2026-11-27 13:00/,
      command: null,
    },
    declined: {
      rows: charged("past_due", "declined", { failureCode: "REJECT_CARD" }),
      says: /^Only a person can mend this: the card was declined for good/,
      command: /"action":"retry_payment"/,
    },
    void: {
      rows: charged("active", "void"),
      says: /^Its period is paid/,
      command: null,
    },
  },
  event: {
    received: {
      rows: rowsOf("pending", { webhooks: [webhookOf("received")] }),
      says: /^A webhook is received/,
      command: LOOK,
    },
    processing: {
      rows: rowsOf("pending", { webhooks: [webhookOf("processing")] }),
      says: /^A webhook is processing/,
      command: LOOK,
    },
    failed: {
      rows: rowsOf("pending", { webhooks: [webhookOf("failed")] }),
      says: /^A webhook is failed/,
      command: LOOK,
    },
    dead: {
      rows: rowsOf("pending", { webhooks: [webhookOf("dead")] }),
      says: /^A webhook was given up/,
      command: LOOK,
    },
    processed: {
      rows: rowsOf("pending", { webhooks: [webhookOf("processed")] }),
      says: /^Nobody has paid/,
      command: null,
    },
    ignored: {
      rows: rowsOf("pending", { webhooks: [webhookOf("ignored")] }),
      says: /^Nobody has paid/,
      command: null,
    },
  },
  subscription: {
    trialing: {
      rows: charged("trialing", "void"),
      says: /^The trial lasts until/,
      command: null,
    },
    active: {
      rows: {
        ...charged("active", "paid"),
        subscription: {
          ...subscriptionOf("active", "paid"),
          nextChargeAt: EARLIER,
        },
      },
      says: /have been due since 2026-11-27 11:00 and were not charged/,
      command: /^npx -y deno task toss charge$/,
    },
    past_due: {
      rows: charged("past_due", "declined", { nextAttemptAt: LATER }),
      says: /tried again at 2026-11-27 13:00 by itself/,
      command: /"action":"retry_payment"/,
    },
    canceled: {
      rows: charged("canceled", "void"),
      says: /ended at 2026-11-27 11:00.*nothing is charged any more/,
      command: null,
    },
  },
};

/** Subscriptions have a table in their own page. */
async function subscriptionStates(): Promise<string[]> {
  const page = await Deno.readTextFile(`${PROJECT_ROOT}/docs/subscriptions.md`);
  const [, heads = ""] = page.match(
    /<!-- generated: subscription -->\n\| Event \| Happens \| none \|(.*)\|\n/,
  ) ?? [];
  return heads.split("|").map((state) => state.trim()).sort();
}

async function statesOf(name: string): Promise<string[]> {
  if (name === "subscription") return await subscriptionStates();
  const page = await Deno.readTextFile(`${PROJECT_ROOT}/docs/states.md`);
  const [, block = ""] = page.match(
    new RegExp(
      `<!-- generated: ${name}-diagram -->([\\s\\S]*?)<!-- /generated -->`,
    ),
  ) ?? [];
  const states = [...block.matchAll(/^ +(\S+) --> (\w+)/gm)]
    .flatMap(([, from = "", to = ""]) => [from, to]);
  return [...new Set(states)].filter((state) => /^\w+$/.test(state)).sort();
}

Deno.test("a story knows every state of the documents, and no other", async () => {
  const page = await Deno.readTextFile(`${PROJECT_ROOT}/docs/states.md`);
  const diagrams = [...page.matchAll(/<!-- generated: (\w+)-diagram -->/g)]
    .map(([, name = ""]) => name);
  assert.deepEqual(
    Object.keys(STATES).sort(),
    [...diagrams, "subscription"].sort(),
  );
  for (const [name, states] of Object.entries(STATES)) {
    assert.deepEqual(Object.keys(states).sort(), await statesOf(name), name);
  }
});

for (const [name, states] of Object.entries(STATES)) {
  for (
    const [state, { rows, looks = [], says, command }] of Object.entries(states)
  ) {
    Deno.test(`the story of a ${name} that is ${state} ends rightly`, () => {
      const { timeline, next } = tellStory(rows, looks);
      assert.match(timeline.at(-1)?.text ?? "", says);
      if (command === null) assert.equal(next, null);
      else assert.match(next?.command ?? "", command);
    });
  }
}
