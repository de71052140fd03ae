import { chip, field, h, nothing, panel } from "../dom.js";
import { ask } from "../dialogs.js";
import { explain } from "../errors.js";
import { toneOf } from "./tones.js";
import { actButton } from "./webhooks.js";

/** Shows a secret that will not be shown again. */
function showSecret(app, secret) {
  const { t } = app;
  return ask(app, {
    title: t("secretTitle"),
    body: [
      h("p", { text: t("secretLead") }),
      h("pre", { tabindex: "0", class: "secret" }, h("code", { text: secret })),
    ],
    confirm: t("secretKept"),
    act: () => Promise.resolve(t("secretKept")),
  });
}

async function change(app, id, action) {
  const { body } = await app.project.call("webhook-endpoints", { action, id });
  return body;
}

function endpoint(app, row) {
  const { t, format } = app;
  const isActive = row.status === "active";
  const rotate = async () => {
    const isSure = await ask(app, {
      title: t("rotateTitle"),
      body: [h("p", { text: t("rotateLead") })],
      confirm: t("rotate"),
      act: async () => {
        const { secret } = await change(app, row.id, "rotate");
        queueMicrotask(() => showSecret(app, secret));
        return t("rotated");
      },
    });
    return isSure;
  };
  return h(
    "li",
    null,
    h(
      "div",
      { class: "line" },
      h("b", { text: row.url }),
      chip(row.status, toneOf(row.status)),
      h("time", { text: format.time(row.created_at) }),
    ),
    h("p", { text: row.description ?? row.disabled_reason ?? "" }),
    h("p", {
      class: "hint",
      text: row.event_types === null
        ? t("allTypes")
        : row.event_types.join(", "),
    }),
    h(
      "div",
      { class: "buttons" },
      h("button", { type: "button", text: t("rotate"), onclick: rotate }),
      isActive && actButton(app, t("test"), async () => {
        await change(app, row.id, "test");
        return t("testSent");
      }),
      actButton(app, isActive ? t("disable") : t("enable"), async () => {
        await change(app, row.id, isActive ? "disable" : "enable");
        await app.refresh();
        return t("done");
      }),
    ),
  );
}

function createForm(app) {
  const { t, project } = app;
  const url = h("input", {
    type: "url",
    autocomplete: "off",
    required: true,
    placeholder: "https://example.com/events",
  });
  const description = h("input", { autocomplete: "off", maxlength: 200 });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const button = h("button", {
    type: "submit",
    class: "primary",
    text: t("add"),
  });

  async function submit(event) {
    event.preventDefault();
    if (button.disabled || url.value.trim() === "") return;
    button.disabled = true;
    problem.hidden = true;
    try {
      const text = description.value.trim();
      const { body } = await project.call("webhook-endpoints", {
        action: "create",
        url: url.value.trim(),
        ...(text === "" ? {} : { description: text }),
      });
      await showSecret(app, body.secret);
      await app.refresh();
    } catch (error) {
      problem.textContent = explain(app, error);
      problem.hidden = false;
    } finally {
      button.disabled = false;
    }
  }
  return h(
    "form",
    { novalidate: true, onsubmit: submit },
    field("URL", url),
    field(t("description"), description),
    problem,
    h("div", { class: "buttons" }, button),
  );
}

/** Who hears of events. */
export async function endpoints(app) {
  const { t, project } = app;
  const rows = await project.rows("webhook_endpoints", {
    order: "created_at.desc",
    limit: "100",
  });
  return [
    h("h1", { tabindex: "-1", text: t("endpoints") }),
    panel(
      t("receivers"),
      rows.length === 0
        ? nothing(t("noEndpoints"))
        : h("ul", { class: "rows" }, ...rows.map((row) => endpoint(app, row))),
    ),
    panel(t("addEndpoint"), createForm(app)),
  ];
}
