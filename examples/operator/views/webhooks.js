import { chip, h, nothing, panel, speak } from "../dom.js";
import { explain } from "../errors.js";
import { toneOf } from "./tones.js";

/** A button that does something small at once, says how it went, and cannot be pressed twice meanwhile. */
export function actButton(app, label, act, attributes = {}) {
  const said = h("span", { class: "said", role: "status" });
  const button = h("button", {
    type: "button",
    ...attributes,
    text: label,
    onclick: async () => {
      if (button.disabled) return;
      button.disabled = true;
      said.textContent = app.t("working");
      try {
        said.textContent = await act();
      } catch (error) {
        said.textContent = explain(app, error);
        button.disabled = false;
      }
      speak(said.textContent);
    },
  });
  return h("div", { class: "buttons" }, button, said);
}

function replay(app, body) {
  return actButton(app, app.t("replay"), async () => {
    const { body: answer } = await app.project.call("operator", body);
    return app.t("replayed", app.format.number(answer.replayed));
  });
}

function incoming(app, event) {
  const { format } = app;
  return h(
    "li",
    null,
    h(
      "div",
      { class: "line" },
      h("b", { text: event.event_type ?? "?" }),
      chip(event.status, toneOf(event.status)),
      h("time", { text: format.time(event.created_at) }),
    ),
    h("p", { text: event.last_error ?? "" }),
    event.order_id &&
      h("a", {
        href: `#/orders/${encodeURIComponent(event.order_id)}`,
        text: event.order_id,
      }),
    replay(app, { action: "replay_event", eventId: event.id }),
  );
}

function outgoing(app, delivery) {
  const { t, format } = app;
  return h(
    "li",
    null,
    h(
      "div",
      { class: "line" },
      h("b", { text: delivery.event?.event_type ?? "?" }),
      chip(delivery.status, toneOf(delivery.status)),
      h("time", { text: format.time(delivery.finished_at) }),
    ),
    h("p", {
      text: `${delivery.endpoint?.url ?? ""} · ${
        t("attempts", format.number(delivery.attempts))
      } · ${delivery.response_status ?? delivery.last_error ?? ""}`,
    }),
    replay(app, {
      action: "replay_delivery",
      eventId: delivery.event_id,
      endpointId: delivery.endpoint_id,
    }),
  );
}

/** What Toss told and could not be used, and what other systems did not take. */
export async function webhooks(app) {
  const { t, project } = app;
  const [events, deliveries] = await Promise.all([
    project.rows("webhook_events", {
      select: "id,event_type,status,order_id,last_error,created_at",
      status: "in.(dead,failed)",
      order: "created_at.desc",
      limit: "50",
    }),
    project.rows("webhook_deliveries", {
      select:
        "event_id,endpoint_id,status,attempts,response_status,last_error,finished_at,event:outbox_events(event_type),endpoint:webhook_endpoints(url)",
      status: "eq.failed",
      order: "finished_at.desc",
      limit: "50",
    }),
  ]);
  const list = (rows, show, empty) =>
    rows.length === 0
      ? nothing(empty)
      : h("ul", { class: "rows" }, ...rows.map((row) => show(app, row)));
  return [
    h("h1", { tabindex: "-1", text: t("webhooks") }),
    panel(t("fromToss"), list(events, incoming, t("noDeadEvents"))),
    panel(t("toOthers"), list(deliveries, outgoing, t("noFailedDeliveries"))),
  ];
}
