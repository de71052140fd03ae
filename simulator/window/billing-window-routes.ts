import { Hono } from "hono";
import {
  authorizationSchema,
  authorizeCard,
} from "../billing/authorize-card.ts";
import {
  accountAuthorizationSchema,
  authorizeAccount,
} from "../billing/authorize-account.ts";
import type { BillingAuthorization } from "../billing/billing-state.ts";
import { describeError } from "../error-codes.ts";
import type { KeyPair } from "../options.ts";
import type { SimulatorState } from "../state.ts";
import { billingWindowPage } from "./billing-window-page.ts";
import {
  type BillingForm,
  billingFormSchema,
  parseBillingWindowRequest,
} from "./billing-window-request.ts";
import { chosenDecline } from "./declines.ts";
import { redirectTo } from "./window-result.ts";
import { localeOfRequest, problemPage } from "./window-routes.ts";

/** The pair of a client key, or the code with which the window stays shut. */
function findKeyPair(
  state: SimulatorState,
  clientKey: string,
): KeyPair | "NOT_SUPPORTED_WIDGET_KEY" | "UNAUTHORIZED_KEY" {
  if (/^(test|live)_gck_/.test(clientKey)) return "NOT_SUPPORTED_WIDGET_KEY";
  return state.settings.secretKeys
    .find((pair) => pair.clientKey === clientKey) ?? "UNAUTHORIZED_KEY";
}

function fail(form: BillingForm, code: string): Response {
  const message = describeError(code).korean;
  return redirectTo(form.failUrl, { code, message });
}

/** What the customer has authenticated, or the code that shuts the window. */
type Registered = BillingAuthorization | "INVALID_CARD_NUMBER" | "INVALID_BANK";

function registerCard(
  state: SimulatorState,
  keyPair: KeyPair,
  form: Extract<BillingForm, { method: "CARD" }>,
): Registered {
  const { customerKey, lastDigits, issuerCode, cardType, ownerType } = form;
  const card = { lastDigits, issuerCode, cardType, ownerType };
  const input = authorizationSchema.safeParse({ customerKey, ...card });
  return input.success
    ? authorizeCard(state, keyPair, input.data)
    : "INVALID_CARD_NUMBER";
}

function registerAccount(
  state: SimulatorState,
  keyPair: KeyPair,
  { customerKey, bank, accountNumber }: Extract<
    BillingForm,
    { method: "TRANSFER" }
  >,
): Registered {
  const account = { customerKey, bank, accountNumber };
  const input = accountAuthorizationSchema.safeParse(account);
  return input.success
    ? authorizeAccount(state, keyPair, input.data)
    : "INVALID_BANK";
}

/**
 * Hands the result on by redirect, the only way that billing has.
 * Source: Toss docs, billing guide: `customerKey` and `authKey`, or `code` and
 * `message`.
 */
function play(
  state: SimulatorState,
  keyPair: KeyPair,
  form: BillingForm,
): Response {
  switch (form.action) {
    case "cancel":
      return fail(form, "PAY_PROCESS_CANCELED");
    case "decline":
      return fail(
        form,
        chosenDecline(
          form,
          form.method === "CARD"
            ? "INVALID_CARD_NUMBER"
            : "RESTRICTED_TRANSFER_ACCOUNT",
        ),
      );
    case "register": {
      const { customerKey, successUrl } = form;
      const authorization = form.method === "CARD"
        ? registerCard(state, keyPair, form)
        : registerAccount(state, keyPair, form);
      if (typeof authorization === "string") return problemPage(authorization);
      const { authKey } = authorization;
      return redirectTo(successUrl, { customerKey, authKey });
    }
  }
}

/** The window in which a customer registers a card or an account for billing. */
export function billingWindowRoutes(state: SimulatorState): Hono {
  const app = new Hono();
  app.get("/billing-window", (c) => {
    const parsed = parseBillingWindowRequest(c.req.query());
    if (parsed.kind === "invalid") return problemPage(parsed.code);
    const keyPair = findKeyPair(state, parsed.request.clientKey);
    return typeof keyPair === "string"
      ? problemPage(keyPair)
      : c.html(billingWindowPage(parsed.request, localeOfRequest(c)));
  });
  app.post("/billing-window", async (c) => {
    const form = billingFormSchema.safeParse(await c.req.parseBody());
    if (!form.success) return problemPage("INVALID_REQUEST");
    const keyPair = findKeyPair(state, form.data.clientKey);
    return typeof keyPair === "string"
      ? problemPage(keyPair)
      : play(state, keyPair, form.data);
  });
  return app;
}
