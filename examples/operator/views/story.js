import { chip, facts, h, nothing, panel } from "../dom.js";
import { refund } from "./refund.js";
import { toneOf } from "./tones.js";

function heading({ t, format }, told) {
  const about = told.order ?? told.subscription;
  const title = told.order?.orderName ?? told.subscription.planId;
  return [
    h(
      "p",
      { class: "crumb" },
      h("a", { href: "#/orders", text: `← ${t("orders")}` }),
    ),
    h(
      "h1",
      { tabindex: "-1" },
      title,
      " ",
      chip(about.status, toneOf(about.status)),
    ),
    h(
      "p",
      { class: "lead" },
      h("b", { text: format.money(about.amount, about.currency) }),
      " · ",
      h("code", { text: about.id }),
    ),
  ];
}

function copyButton({ t }, text) {
  const button = h("button", {
    type: "button",
    class: "quiet",
    text: t("copy"),
    onclick: async () => {
      await navigator.clipboard.writeText(text);
      button.textContent = t("copied");
    },
  });
  return button;
}

function nextStep(app, { next, differences }) {
  const { t } = app;
  return h(
    "section",
    {
      class: `panel next ${next === null ? "good" : "warn"}`,
      "aria-label": t("nextStep"),
    },
    h("h2", { text: next === null ? t("nothingToDo") : t("nextStep") }),
    next && h("p", { text: next.why }),
    next &&
      h(
        "div",
        { class: "command" },
        h(
          "pre",
          { tabindex: "0", "aria-label": t("command") },
          h("code", { text: next.command }),
        ),
        copyButton(app, next.command),
      ),
    ...differences.map(({ text }) => h("p", { class: "problem", text })),
  );
}

function payment(app, told, paid) {
  const { t, format } = app;
  const money = (amount) => format.money(amount, paid.currency);
  return h(
    "li",
    null,
    h(
      "div",
      { class: "line" },
      h("b", { text: `${paid.method ?? "?"} ${money(paid.totalAmount)}` }),
      chip(paid.status, toneOf(paid.status)),
      h("time", { text: format.time(paid.approvedAt) }),
    ),
    facts([
      [t("left"), money(paid.balanceAmount)],
      [
        t("atToss"),
        told.toss?.paymentKey === paid.paymentKey
          ? `${told.toss.status}, ${money(told.toss.balanceAmount)}`
          : null,
      ],
      ["paymentKey", h("code", { text: paid.paymentKey })],
    ]),
    paid.cancels.length > 0 &&
      h(
        "ul",
        { class: "plain" },
        ...paid.cancels.map((cancel) =>
          h("li", {
            text: `${t("refunded")} ${
              money(cancel.amount)
            } · ${cancel.status} · ${format.time(cancel.canceledAt)}`,
          })
        ),
      ),
    paid.balanceAmount > 0 && paid.approvedAt !== null &&
      h(
        "div",
        { class: "buttons" },
        h("button", {
          type: "button",
          class: "danger outline",
          text: t("refund"),
          onclick: async () => {
            if (await refund(app, paid)) await app.refresh();
          },
        }),
      ),
  );
}

function timeline({ t, format }, lines) {
  return h(
    "ol",
    { class: "timeline" },
    ...lines.map(({ at, kind, text }) =>
      h(
        "li",
        { class: kind },
        h("time", { datetime: at, text: format.time(at) }),
        h("span", { class: "kind", text: t(`kind_${kind}`) }),
        h("p", { text }),
      )
    ),
  );
}

/** One order, told from the rows and from what Toss says now. */
export async function story(app, id) {
  const { t, project } = app;
  const { body: told } = await project.call("operator", {
    action: "order",
    id,
  });
  return [
    ...heading(app, told),
    nextStep(app, told),
    panel(
      t("payments"),
      told.payments.length === 0 ? nothing(t("noPayments")) : h(
        "ul",
        { class: "rows" },
        ...told.payments.map((paid) => payment(app, told, paid)),
      ),
    ),
    panel(t("timeline"), timeline(app, told.timeline)),
  ];
}
