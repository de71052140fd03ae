import { SIMULATOR_WIDGET_KEYS } from "../simulator/options.ts";

/**
 * Adds the simulator's widget pair to the variables of a stack that names no key: the example shop shows the widget.
 *
 * `checkout` without `ui` goes on opening the window, as with one pair.
 */
export function withLocalWidget(
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  const names = Object.keys(given).filter((name) => given[name]?.trim());
  if (names.some((name) => /^TOSS_.*_KEY$/.test(name))) return { ...given };
  return {
    CHECKOUT_UI: "window",
    ...given,
    TOSS_WIDGET_SECRET_KEY: SIMULATOR_WIDGET_KEYS.secretKey,
    TOSS_WIDGET_CLIENT_KEY: SIMULATOR_WIDGET_KEYS.clientKey,
  };
}
