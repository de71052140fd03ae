import { Hono } from "hono";
import { z } from "zod";
import type { SimulatorState } from "../state.ts";
import { agreementPage, methodsPage } from "./widget-page.ts";
import { localeOfRequest, problemPage } from "./window-routes.ts";

const querySchema = z.object({
  clientKey: z.string(),
  amount: z.coerce.number().default(0),
});

/** The frames of the widget: `/widget/methods` and `/widget/agreement`. */
export function widgetRoutes(state: SimulatorState, script: string): Hono {
  const app = new Hono();
  app.get("/widget/:part{methods|agreement}", (c) => {
    const query = querySchema.safeParse(c.req.query());
    if (!query.success) return problemPage("INVALID_REQUEST");
    const { clientKey, amount } = query.data;
    const known = state.settings.secretKeys
      .some((pair) => pair.clientKey === clientKey);
    if (!known) return problemPage("UNAUTHORIZED_KEY");
    const locale = localeOfRequest(c);
    return c.html(
      c.req.param("part") === "methods"
        ? methodsPage(amount, locale, script)
        : agreementPage(locale, script),
    );
  });
  return app;
}
