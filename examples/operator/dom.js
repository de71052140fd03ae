/**
 * Makes an element. What comes from outside is text or an attribute, never markup.
 *
 * @param {string} tag
 * @param {Record<string, unknown> | null} [attributes] `on…` is a listener, `text` the text; false, null and undefined leave one out
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) {
      element.addEventListener(
        name.slice(2),
        /** @type {EventListener} */ (value),
      );
    } else if (name === "text") element.textContent = String(value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(
    ...children.filter((child) =>
      child !== null && child !== undefined && child !== false
    ),
  );
  return element;
}

/** Says something to who listens instead of looking. */
export function speak(text) {
  const spoken = document.querySelector("#spoken");
  if (spoken !== null) spoken.textContent = text;
}

/**
 * A link address from outside, or null when it is none that a browser may follow.
 *
 * @param {string | null} url
 */
export function safeLink(url) {
  try {
    const { protocol, href } = new URL(url ?? "");
    return protocol === "https:" || protocol === "http:" ? href : null;
  } catch {
    return null;
  }
}

let count = 0;

/** A label with its control, and what explains it. */
export function field(label, control, hint) {
  const id = `field-${++count}`;
  control.id = id;
  if (hint) control.setAttribute("aria-describedby", `${id}-hint`);
  return h(
    "div",
    { class: "field" },
    h("label", { for: id, text: label }),
    control,
    hint && h("p", { class: "hint", id: `${id}-hint`, text: hint }),
  );
}

/** A short word that also has a colour; the colour says nothing that the word does not. */
export function chip(text, tone = "plain") {
  return h("span", { class: `chip ${tone}`, text });
}

/** Names and values, one below the other. */
export function facts(pairs) {
  return h(
    "dl",
    { class: "facts" },
    ...pairs.filter(([, value]) =>
      value !== null && value !== undefined && value !== ""
    )
      .map(([name, value]) =>
        h("div", null, h("dt", { text: name }), h("dd", null, value))
      ),
  );
}

/** One part of a page under its own heading. */
export function panel(title, ...children) {
  const id = `panel-${++count}`;
  return h(
    "section",
    { class: "panel", "aria-labelledby": id },
    h("h2", { id, text: title }),
    ...children,
  );
}

/** Nothing to show, said kindly. */
export function nothing(text) {
  return h("p", { class: "nothing", text });
}
