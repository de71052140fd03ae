import { field, h, speak } from "./dom.js";
import { explain } from "./errors.js";

/**
 * Asks before something is done, and does it once however often the button is pressed.
 *
 * The dialog stays open until the deed is known to have happened or to have been refused.
 *
 * @param {import("./main.js").App} app
 * @param {{ title: string, body?: (Node | null)[], confirm: string, tone?: "danger", act: () => Promise<string | null>, isReady?: () => boolean, onLocked?: () => void }} options
 *   `act` answers what is said afterwards, null when nothing is known yet and the same may be sent again
 * @returns {Promise<boolean>} whether it was done
 */
export function ask(
  app,
  { title, body = [], confirm, tone, act, isReady = () => true },
) {
  const { t } = app;
  const before = document.activeElement;
  const done = Promise.withResolvers();
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const button = h("button", {
    type: "submit",
    class: tone === "danger" ? "danger" : "primary",
    text: confirm,
  });
  const leave = h("button", {
    type: "button",
    class: "quiet",
    text: t("leave"),
    onclick: () => dialog.close(),
  });
  let isBusy = false;
  let isDone = false;

  const form = h(
    "form",
    { novalidate: true, onsubmit: submit, oninput: refresh },
    h("h2", { id: "dialog-title", text: title }),
    ...body,
    problem,
    h("div", { class: "buttons" }, leave, button),
  );
  const dialog = /** @type {HTMLDialogElement} */ (h(
    "dialog",
    {
      "aria-labelledby": "dialog-title",
      oncancel: (event) => isBusy && event.preventDefault(),
      onclose: end,
    },
    form,
  ));

  function refresh() {
    button.disabled = isBusy || !isReady();
  }

  async function submit(event) {
    event.preventDefault();
    if (isBusy || !isReady()) return;
    isBusy = true;
    refresh();
    leave.disabled = true;
    problem.hidden = true;
    button.setAttribute("aria-busy", "true");
    try {
      const said = await act();
      if (said === null) return tell(t("stillOpen"));
      isDone = true;
      speak(said);
      dialog.close();
    } catch (error) {
      tell(explain(app, error));
    } finally {
      isBusy = false;
      leave.disabled = false;
      button.removeAttribute("aria-busy");
      refresh();
    }
  }

  function tell(text) {
    problem.textContent = text;
    problem.hidden = false;
  }

  function end() {
    dialog.remove();
    if (before instanceof HTMLElement && before.isConnected) before.focus();
    done.resolve(isDone);
  }

  document.body.append(dialog);
  refresh();
  dialog.showModal();
  return done.promise;
}

/** A dialog with one text, for what needs a reason. */
export function askWithReason(
  app,
  { reasonLabel, isRequired = false, act, ...options },
) {
  const reason = /** @type {HTMLTextAreaElement} */ (h("textarea", {
    rows: 3,
    maxlength: 200,
    required: isRequired,
  }));
  return ask(app, {
    ...options,
    body: [...(options.body ?? []), field(reasonLabel, reason)],
    isReady: () => !isRequired || reason.value.trim() !== "",
    act: () => act(reason.value.trim()),
  });
}
