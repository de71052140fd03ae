import type { AppError } from "./app-error.ts";
import type { RequestContext } from "./create-function.ts";
import {
  actionOf,
  preferredLanguage,
  toAppError,
  userMessage,
} from "./error-response.ts";
import { redirect } from "./answers.ts";
import { appUrl } from "./urls.ts";

/**
 * Sends a browser to the shop's fail page with `code`, `message`, `action` and, where Toss refused, `tossCode`: who
 * comes from Toss's window can show no JSON. Of the error's details it gets what the next try needs.
 *
 * @param event the log line's name
 * @param parameters what the fail page gets besides
 */
export function redirectRefusal(
  request: Request,
  { services: { config }, logger }: RequestContext,
  { thrown, event, parameters = {} }: {
    thrown: unknown;
    event: string;
    parameters?: Record<string, string | undefined>;
  },
): Response {
  const error = toAppError(thrown);
  const { cause } = error.options;
  logger.info(event, {
    code: error.code,
    reason: error.message,
    cause: cause instanceof Error ? cause.message : undefined,
  });
  return redirect(appUrl(config, config.app.failPath, {
    code: error.code,
    message: userMessage(error, preferredLanguage(request)),
    action: actionOf(error),
    ...parameters,
    ...shownIn(error),
    tossCode: error.options.tossCode,
  }));
}

const NAMES = [
  "planId",
  "billingMethodId",
  "subscriptionId",
  "amount",
] as const;

function shownIn({ options }: AppError): Record<string, string> {
  const shown: Record<string, string> = {};
  if (options.details === undefined || Array.isArray(options.details)) {
    return shown;
  }
  for (const name of NAMES) {
    const value = options.details[name];
    if (typeof value === "string" || typeof value === "number") {
      shown[name] = String(value);
    }
  }
  return shown;
}
