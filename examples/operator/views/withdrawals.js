import { chip, facts, field, h, nothing, panel } from "../dom.js";
import { ask, askWithReason } from "../dialogs.js";
import { accountFor } from "./refund.js";
import { toneOf } from "./tones.js";

function deadline({ t }, dueAt, now) {
  const hours = Math.floor((Date.parse(dueAt) - now) / 3_600_000);
  if (hours < 0) return chip(t("overdue"), "bad");
  return chip(
    hours < 48 ? t("hoursLeft", hours) : t("daysLeft", Math.floor(hours / 24)),
    hours < 24 ? "bad" : "warn",
  );
}

async function accept(app, withdrawal, paid) {
  const { t, project, format } = app;
  const account = accountFor(app, paid?.method ?? null);
  const amount = h("input", { inputmode: "numeric", autocomplete: "off" });
  const isAmount = () =>
    amount.value === "" || /^[1-9][0-9]*$/.test(amount.value);
  return await ask(app, {
    title: t("acceptTitle"),
    tone: "danger",
    confirm: t("acceptNow"),
    isReady: () => isAmount() && (account === null || account.isReady()),
    body: [
      facts([[t("order"), withdrawal.order_id], [
        t("left"),
        paid ? format.money(paid.balance_amount, paid.currency) : null,
      ], [t("theirReason"), withdrawal.reason]]),
      field(t("acceptAmount"), amount, t("acceptAmountHint")),
      account?.fields ?? null,
    ],
    // Accepted twice it is refunded once, so whoever does not know how it ended sends the same again.
    act: async () => {
      const { status } = await project.call("withdrawal", {
        action: "accept",
        withdrawalId: withdrawal.id,
        ...(amount.value === "" ? {} : { cancelAmount: Number(amount.value) }),
        ...(account === null ? {} : { refundReceiveAccount: account.value() }),
      });
      return status === 202 ? null : t("accepted");
    },
  });
}

function refuse(app, withdrawal) {
  const { t, project } = app;
  return askWithReason(app, {
    title: t("refuseTitle"),
    reasonLabel: t("refuseReason"),
    isRequired: true,
    confirm: t("refuse"),
    act: async (reason) => {
      await project.call("withdrawal", {
        action: "refuse",
        withdrawalId: withdrawal.id,
        reason,
      });
      return t("refusedNow");
    },
  });
}

function row(app, withdrawal, now) {
  const { t, format } = app;
  const paid = withdrawal.order?.payments?.find(({ payment_key }) =>
    payment_key === withdrawal.order.payment_key
  );
  const act = (deed) => async () => {
    if (await deed(app, withdrawal, paid)) await app.refresh();
  };
  const isOpen = withdrawal.status === "requested";
  return h(
    "li",
    null,
    h(
      "div",
      { class: "line" },
      h("a", {
        href: `#/orders/${encodeURIComponent(withdrawal.order_id)}`,
        text: withdrawal.order?.order_name ?? withdrawal.order_id,
      }),
      isOpen
        ? deadline(app, withdrawal.due_at, now)
        : chip(t(withdrawal.status), toneOf(withdrawal.status)),
      h("time", {
        text: format.time(
          isOpen ? withdrawal.requested_at : withdrawal.decided_at,
        ),
      }),
    ),
    h("p", {
      text: isOpen
        ? `“${withdrawal.reason}”`
        : withdrawal.decision_reason ?? "",
    }),
    isOpen &&
      facts([[t("due"), format.time(withdrawal.due_at)], [
        t("left"),
        paid ? format.money(paid.balance_amount, paid.currency) : null,
      ]]),
    isOpen && h(
      "div",
      { class: "buttons" },
      h("button", {
        type: "button",
        class: "primary",
        text: t("accept"),
        onclick: act(accept),
      }),
      h("button", { type: "button", text: t("refuse"), onclick: act(refuse) }),
    ),
  );
}

/** Buyers who want to give something back, the most urgent first. */
export async function withdrawals(app) {
  const { t, project } = app;
  const select =
    "id,order_id,reason,status,requested_at,due_at,decided_at,decision_reason," +
    "order:orders(order_name,payment_key,payments!payments_order_id_fkey(payment_key,method,balance_amount,currency))";
  const [open, decided] = await Promise.all([
    project.rows("withdrawals", {
      select,
      status: "eq.requested",
      order: "due_at",
      limit: "100",
    }),
    project.rows("withdrawals", {
      select,
      status: "neq.requested",
      order: "decided_at.desc",
      limit: "20",
    }),
  ]);
  const now = Date.now();
  const list = (rows, empty) =>
    rows.length === 0
      ? nothing(empty)
      : h("ul", { class: "rows" }, ...rows.map((each) => row(app, each, now)));
  return [
    h("h1", { tabindex: "-1", text: t("withdrawals") }),
    panel(t("toDecide"), list(open, t("noWithdrawals"))),
    panel(t("decided"), list(decided, t("noneDecided"))),
  ];
}
