import { facts, field, h } from "./dom.js";
import { explain } from "./errors.js";
import { openProject } from "./project.js";

/** What whoever serves this page says of the project; null when the page was opened as a mere file. */
async function readSettings() {
  try {
    const response = await fetch("config.json", { cache: "no-store" });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** Asks for the key, and hands on an opened project once the key has proven to be the secret one. */
export async function signIn(app, languageButton, open) {
  const { t } = app;
  const settings = await readSettings();
  const secretKey = h("input", {
    type: "password",
    required: true,
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "sb_secret_…",
  });
  const plain = { autocomplete: "off", spellcheck: "false" };
  const schema = h("input", { ...plain, value: "public" });
  const prefix = h("input", plain);
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const button = h("button", {
    type: "submit",
    class: "primary wide",
    text: t("open"),
  });

  function tell(text) {
    problem.textContent = text;
    problem.hidden = false;
    button.disabled = false;
  }

  async function submit(event) {
    event.preventDefault();
    problem.hidden = true;
    if (settings === null) return tell(t("notServed"));
    if (secretKey.value.trim() === "") return tell(t("keyMissing"));
    button.disabled = true;
    const project = openProject({
      secretKey: secretKey.value.trim(),
      schema: schema.value.trim(),
      prefix: prefix.value.trim(),
    });
    try {
      const health = await project.health();
      if (health.operations === undefined) return tell(t("notSecret"));
      secretKey.value = "";
      open(project);
    } catch (error) {
      tell(explain(app, error));
    }
  }

  return h(
    "main",
    { class: "sign-in" },
    h(
      "form",
      { class: "panel", novalidate: true, onsubmit: submit },
      h("h1", { tabindex: "-1", text: t("title") }),
      h("p", { class: "lead", text: t("signInLead") }),
      facts([[t("project"), settings?.projectUrl ?? t("notServed")]]),
      field(t("secretKey"), secretKey, t("keyHint")),
      h(
        "details",
        { class: "more" },
        h("summary", { text: t("installedElsewhere") }),
        field(t("schema"), schema),
        field(t("prefix"), prefix),
      ),
      problem,
      button,
    ),
    languageButton,
  );
}
