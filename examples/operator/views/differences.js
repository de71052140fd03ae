import { chip, facts, h, nothing, panel } from "../dom.js";
import { ask } from "../dialogs.js";

function side({ t, format }, told) {
  if (told === null) return t("nothingThere");
  const left = told.balanceAmount === undefined || told.balanceAmount === null
    ? ""
    : ` · ${t("left")} ${format.number(told.balanceAmount)}`;
  return `${told.status ?? "?"} ${
    told.amount === undefined || told.amount === null
      ? ""
      : format.number(told.amount)
  }${left}`;
}

function settle(app, difference) {
  const { t, project } = app;
  return h(
    "div",
    { class: "buttons" },
    h("button", {
      type: "button",
      text: t("settle"),
      onclick: async () => {
        const isDone = await ask(app, {
          title: t("settleTitle"),
          body: [h("p", { text: t("settleLead") })],
          confirm: t("settle"),
          act: async () => {
            await project.call("operator", {
              action: "settle_difference",
              differenceId: difference.id,
            });
            return t("settled");
          },
        });
        if (isDone) await app.refresh();
      },
    }),
  );
}

/** Where Toss's list and the rows tell differently, and no answer of Toss could mend it. */
export async function differences(app) {
  const { t, project, format } = app;
  const rows = await project.rows("reconciliation_differences", {
    resolution: "is.null",
    order: "created_at.desc",
    limit: "100",
  });
  return [
    h("h1", { tabindex: "-1", text: t("differences") }),
    panel(
      t("openDifferences"),
      rows.length === 0 ? nothing(t("noDifferences")) : h(
        "ul",
        { class: "rows" },
        ...rows.map((difference) =>
          h(
            "li",
            null,
            h(
              "div",
              { class: "line" },
              h("b", { text: t(`difference_${difference.kind}`) }),
              chip(difference.kind, "warn"),
              h("time", { text: format.time(difference.created_at) }),
            ),
            h("p", { text: difference.reason }),
            facts([
              [t("ours"), side(app, difference.ours)],
              [t("theirs"), side(app, difference.theirs)],
              ["paymentKey", h("code", { text: difference.payment_key })],
              [
                t("order"),
                difference.order_id &&
                h("a", {
                  href: `#/orders/${encodeURIComponent(difference.order_id)}`,
                  text: difference.order_id,
                }),
              ],
            ]),
            settle(app, difference),
          )
        ),
      ),
    ),
  ];
}
