import {
  changeEndpoint,
  createEndpoint,
  type SealedSecret,
} from "../_shared/database/webhook-endpoints.ts";
import { AppError } from "../_shared/http/app-error.ts";
import { runAfterAnswer } from "../_shared/http/background.ts";
import type {
  Handler,
  RequestContext,
} from "../_shared/http/create-function.ts";
import { readJson } from "../_shared/http/read-body.ts";
import {
  checkTarget,
  checkUrl,
} from "../_shared/outgoing/address/check-target.ts";
import { resolveHost } from "../_shared/outgoing/address/resolve-host.ts";
import { newSecret } from "../_shared/outgoing/sign.ts";
import { runOutbox } from "../_shared/outbox/run.ts";
import type { Keyring } from "../_shared/security/encryption.ts";
import { type CreateRequest, endpointRequest } from "./request.ts";

/**
 * `POST webhook-endpoints`: where the shop wants to hear of events.
 *
 * 201 with the endpoint and its secret, which is not shown again; 200 for a change. Errors: `url_not_allowed`,
 * `endpoint_not_found`, `invalid_request` (a test of a disabled endpoint, more than 50 endpoints).
 */
export const manageEndpoints: Handler = async (request, context) => {
  const body = await readJson(request, endpointRequest, context.bodyLimit);
  if (body.action === "create") return await create(context, body);
  const { services: { database, keyring } } = context;
  const made = body.action === "rotate" ? await makeSecret(keyring) : null;
  const answer = await changeEndpoint(database, {
    endpointId: body.id,
    action: body.action,
    ...made?.sealed,
  });
  switch (answer.outcome) {
    case "endpoint_not_found":
      throw new AppError("endpoint_not_found", "There is no such endpoint.");
    case "endpoint_disabled":
      throw refused("id", "is disabled; enable it first");
    case "changed":
      break;
  }
  if (body.action === "test" || body.action === "enable") {
    sendAfterAnswer(context);
  }
  return Response.json({ ...answer.endpoint, ...made?.shown });
};

async function create(
  { services }: RequestContext,
  { url, eventTypes, description }: CreateRequest,
): Promise<Response> {
  const { database, keyring, config: { outgoing } } = services;
  const problem = await problemOf(url, outgoing.allowPrivate);
  if (problem !== null) {
    throw new AppError("url_not_allowed", `url: ${problem}`, {
      details: [{ field: "url", problem }],
    });
  }
  const { sealed, shown: secret } = await makeSecret(keyring);
  const answer = await createEndpoint(database, {
    ...sealed,
    endpointId: crypto.randomUUID(),
    url,
    eventTypes: eventTypes === undefined ? null : [...new Set(eventTypes)],
    description: description ?? null,
  });
  if (answer.outcome === "too_many_endpoints") {
    throw refused("action", "50 endpoints are active; disable one first");
  }
  return Response.json({ ...answer.endpoint, ...secret }, {
    status: 201,
  });
}

/** Why events may not be sent to an address; null when they may, as far as can be known now. */
async function problemOf(
  url: string,
  allowPrivate: boolean,
): Promise<string | null> {
  try {
    const target = await checkTarget(url, {
      allowPrivate,
      resolve: resolveHost,
    });
    // Every attempt looks the name up again, so nothing is lost by taking one that is not known yet.
    return target.ok || target.isUnknownName ? null : target.problem;
  } catch {
    // No name server answers.
    const checked = checkUrl(url, allowPrivate);
    return checked.ok ? null : checked.problem;
  }
}

async function makeSecret(
  keyring: Keyring,
): Promise<{ sealed: SealedSecret; shown: { secret: string } }> {
  const secret = newSecret();
  const secretId = crypto.randomUUID();
  const sealed = await keyring.encrypt(secret, secretId);
  return { sealed: { secretId, ...sealed }, shown: { secret } };
}

function refused(field: string, problem: string): AppError {
  return new AppError("invalid_request", `${field}: ${problem}`, {
    details: [{ field, problem }],
  });
}

/** Whoever looks at the receiver need not wait for the schedule. */
function sendAfterAnswer({ services, logger }: RequestContext): void {
  runAfterAnswer(
    runOutbox({ services, logger, limit: undefined, asOf: null })
      .then(() => {}, (error) =>
        logger.warn("outbox_left_to_the_worker", {
          cause: error instanceof Error ? error.message : String(error),
        })),
  );
}
