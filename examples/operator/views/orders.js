import { chip, field, h, nothing, panel } from "../dom.js";
import { toneOf } from "./tones.js";

function result(
  { t, format },
  { kind, id, title, status, amount, currency, createdAt, reference },
) {
  return h(
    "li",
    null,
    h(
      "div",
      { class: "line" },
      h("a", { href: `#/orders/${encodeURIComponent(id)}`, text: title }),
      chip(status, toneOf(status)),
      h("time", { text: format.time(createdAt) }),
    ),
    h("p", null, `${t(kind)} · ${format.money(amount, currency)}`),
    h("code", { text: reference ? `${id} · ${reference}` : id }),
  );
}

/** The last orders, and the search for others. */
export async function orders(app) {
  const { t, project } = app;
  const latest = await project.rows("orders", {
    select: "id,order_name,status,amount,currency,created_at,reference",
    order: "created_at.desc",
    limit: "20",
  });
  const text = h("input", {
    type: "search",
    autocomplete: "off",
    spellcheck: "false",
    maxlength: 200,
    required: true,
  });
  const found = h("div", { "aria-live": "polite" });

  async function search(event) {
    event.preventDefault();
    const wanted = text.value.trim();
    if (wanted === "") return text.focus();
    found.replaceChildren(nothing(t("loading")));
    const { explain } = await import("../errors.js");
    try {
      const { body } = await project.call("operator", {
        action: "search",
        text: wanted,
      });
      if (body.results.length === 1) {
        return app.go(`/orders/${encodeURIComponent(body.results[0].id)}`);
      }
      found.replaceChildren(
        body.results.length === 0 ? nothing(t("notFound", wanted)) : h(
          "ul",
          { class: "rows" },
          ...body.results.map((row) => result(app, row)),
        ),
      );
    } catch (error) {
      found.replaceChildren(
        h("p", { class: "problem", role: "alert", text: explain(app, error) }),
      );
    }
  }

  const rows = latest.map((order) =>
    result(app, {
      kind: "order",
      id: order.id,
      title: order.order_name,
      status: order.status,
      amount: order.amount,
      currency: order.currency,
      createdAt: order.created_at,
      reference: order.reference,
    })
  );
  return [
    h("h1", { tabindex: "-1", text: t("orders") }),
    h(
      "form",
      {
        class: "search panel",
        role: "search",
        novalidate: true,
        onsubmit: search,
      },
      field(t("searchLabel"), text, t("searchHint")),
      h("button", { type: "submit", class: "primary", text: t("search") }),
    ),
    found,
    panel(
      t("latestOrders"),
      rows.length === 0
        ? nothing(t("noOrders"))
        : h("ul", { class: "rows" }, ...rows),
    ),
  ];
}
