import { Hono } from "hono";
import { apiRoute } from "./api/api-route.ts";
import { controlRoutes } from "./control/control-routes.ts";
import type { Controls } from "./control/controls.ts";
import { errorAnswer } from "./api/api-answer.ts";
import { guardSimulator } from "./guard.ts";
import type { Wire } from "./http-server.ts";
import type { SimulatorState } from "./state.ts";
import { billingWindowRoutes } from "./window/billing-window-routes.ts";
import { cashReceiptsRoutes } from "./window/cash-receipts-routes.ts";
import { paymentLogsRoutes } from "./window/payment-logs-routes.ts";
import { receiptRoutes } from "./window/receipt-routes.ts";
import { widgetRoutes } from "./window/widget-routes.ts";
import { windowRoutes } from "./window/window-routes.ts";

/** What a request brings along beside itself. */
export interface SimulatorEnvironment {
  Bindings: { wire: Wire };
}

function apiError(code: string): Response {
  const { status, body } = errorAnswer(code, "korean");
  const headers = { "content-type": "application/json" };
  return new Response(body, { status, headers });
}

/** Puts the API, the control API, the payment window, the widget and the scripts for browsers together. */
export function createApp(
  state: SimulatorState,
  controls: Controls,
  scripts: { sdk: string; widget: string },
): Hono<SimulatorEnvironment> {
  const app = new Hono<SimulatorEnvironment>();
  app.use(async (c, next) => {
    const refused = guardSimulator(c.req.raw, state.publicUrl);
    if (refused !== null) return refused;
    await next();
  });
  app.route("/__simulator", controlRoutes(controls));
  app.route("/", windowRoutes(state));
  app.route("/", widgetRoutes(state, scripts.widget));
  app.route("/", billingWindowRoutes(state));
  app.route("/", receiptRoutes(state));
  app.route("/", cashReceiptsRoutes(state));
  app.route("/", paymentLogsRoutes(state, controls));
  app.get("/v2/standard", (c) => {
    c.header("content-type", "text/javascript; charset=utf-8");
    c.header("access-control-allow-origin", "*");
    return c.body(scripts.sdk);
  });
  app.all("/v1/*", (c) => apiRoute(state, c.req.raw, c.env.wire));
  app.all("/v2/*", (c) => apiRoute(state, c.req.raw, c.env.wire));
  app.notFound(() => apiError("NOT_FOUND_HTTP_METHOD"));
  app.onError((error) => {
    console.error(error);
    return apiError("UNKNOWN_ERROR");
  });
  return app;
}
