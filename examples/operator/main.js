import { h, speak } from "./dom.js";
import { explain } from "./errors.js";
import { formatsFor } from "./format.js";
import { signIn } from "./sign-in.js";
import { en } from "./texts/en.js";
import { ko } from "./texts/ko.js";
import { differences } from "./views/differences.js";
import { endpoints } from "./views/endpoints.js";
import { orders } from "./views/orders.js";
import { story } from "./views/story.js";
import { today } from "./views/today.js";
import { webhooks } from "./views/webhooks.js";
import { withdrawals } from "./views/withdrawals.js";

/**
 * What every view gets.
 *
 * @typedef {object} App
 * @property {ReturnType<typeof import("./project.js").openProject>} project
 * @property {(key: string, ...values: unknown[]) => string} t a text in the page's language
 * @property {ReturnType<typeof formatsFor>} format
 * @property {(path: string) => void} go
 * @property {() => Promise<void>} refresh draws the view anew
 */

const TEXTS = { ko, en };
const VIEWS = { today, orders, webhooks, differences, withdrawals, endpoints };

let language = navigator.language.startsWith("ko") ? "ko" : "en";
/** @type {ReturnType<typeof import("./project.js").openProject> | null} */
let project = null;
let turn = 0;

function t(key, ...values) {
  const text = TEXTS[language][key] ?? key;
  return values.reduce(
    (filled, value, place) => filled.replaceAll(`{${place}}`, String(value)),
    text,
  );
}

function app() {
  return {
    project,
    t,
    format: formatsFor(language),
    go: (path) => location.hash = path,
    refresh: () => draw(),
  };
}

/** `#/orders/ord_1` → `["orders", "ord_1"]`; the key is never part of it. */
function route() {
  const [name = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  return name in VIEWS
    ? { name, id: rest.length > 0 ? decodeURIComponent(rest.join("/")) : null }
    : { name: "today", id: null };
}

function languageButton() {
  const other = language === "ko" ? "en" : "ko";
  return h("button", {
    type: "button",
    class: "quiet",
    id: "language",
    lang: other,
    text: other === "ko" ? "한국어" : "English",
    onclick: () => {
      language = other;
      draw({ keepFocus: "#language" });
    },
  });
}

function bar() {
  const present = route().name;
  const links = Object.keys(VIEWS).map((name) =>
    h(
      "li",
      null,
      h("a", {
        href: `#/${name}`,
        "aria-current": name === present ? "page" : null,
        text: t(name),
      }),
    )
  );
  return h(
    "header",
    { class: "bar" },
    h(
      "p",
      { class: "brand" },
      h("span", { class: "dot", "aria-hidden": "true" }),
      t("brand"),
    ),
    h("nav", { "aria-label": t("navigation") }, h("ul", null, ...links)),
    h(
      "div",
      { class: "tools" },
      languageButton(),
      h("button", {
        type: "button",
        class: "quiet",
        text: t("lock"),
        onclick: lock,
      }),
    ),
  );
}

function lock() {
  project = null;
  location.hash = "";
  draw();
  speak(t("locked"));
}

function frame(...children) {
  const page = document.querySelector("#page");
  document.documentElement.lang = language;
  document.title = t("title");
  page.replaceChildren(...children);
}

async function draw({ keepFocus = null } = {}) {
  const mine = ++turn;
  if (project === null) {
    const shown = await signIn(app(), languageButton(), (opened) => {
      project = opened;
      draw();
    });
    if (mine !== turn) return;
    frame(shown);
    focus(keepFocus ?? "h1");
    return;
  }
  const { name, id } = route();
  const main = h(
    "main",
    { id: "main", "aria-busy": "true" },
    h("p", { class: "nothing", text: t("loading") }),
  );
  frame(
    h("a", { class: "skip", href: "#main", text: t("skip"), onclick: skip }),
    bar(),
    main,
  );
  document.querySelector("[aria-current=page]")?.scrollIntoView({
    block: "nearest",
    inline: "center",
  });
  let content;
  try {
    content = name === "orders" && id !== null
      ? await story(app(), id)
      : await VIEWS[name](app());
  } catch (error) {
    content = [
      h("h1", { tabindex: "-1", text: t(name) }),
      h("p", { class: "problem", role: "alert", text: explain({ t }, error) }),
      h("button", {
        type: "button",
        class: "primary",
        text: t("again"),
        onclick: () => draw(),
      }),
    ];
  }
  if (mine !== turn) return;
  main.replaceChildren(...content);
  main.removeAttribute("aria-busy");
  focus(keepFocus ?? "h1");
}

function skip(event) {
  event.preventDefault();
  focus("h1");
}

/** Who moves by keyboard or ear goes on where the new content begins. */
function focus(selector) {
  document.querySelector(selector)?.focus({ preventScroll: selector !== "h1" });
}

addEventListener("hashchange", () => draw());
draw();
