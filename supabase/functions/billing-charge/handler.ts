import { runCharges } from "../_shared/operations/charge/run.ts";
import type { AdHocChargeRequest } from "../_shared/database/ad-hoc-charge.ts";
import { previewDueCharges } from "../_shared/database/charges.ts";
import { chargeAdHoc } from "../_shared/operations/charge/ad-hoc.ts";
import { advanceSubscriptions } from "../_shared/database/subscriptions.ts";
import { recordJobRun } from "../_shared/database/jobs.ts";
import type {
  Handler,
  RequestContext,
} from "../_shared/http/create-function.ts";
import { readJson } from "../_shared/http/read-body.ts";
import { refuseAsOfWithLiveKeys } from "../_shared/http/refuse-as-of.ts";
import { createOperationContext } from "../_shared/operations/context.ts";
import { adHocChargesAreOff, adHocError } from "./refusal.ts";
import { type ChargeRequest, chargeRequest } from "./request.ts";

const NOTHING = { claimed: 0, paid: 0, declined: 0, unknown: 0, remaining: 0 };

/**
 * `POST billing-charge`: charges a bounded slice of what is due, or one subscription, or once ad hoc.
 *
 * Called by pg_cron through pg_net, which waits 5 s and repeats nothing: what is due lives in rows, so a lost,
 * doubled or cut call is made good by the next one.
 */
export const charge: Handler = async (request, context) => {
  const body = await readJson(request, chargeRequest, context.bodyLimit);
  refuseAsOfWithLiveKeys(body, context.services.config);
  const runId = crypto.randomUUID();
  context.logger.info("charge_run", { runId, ...body });
  const { userId, amount, orderName, requestId } = body;
  const answer = userId !== undefined && amount !== undefined &&
      orderName !== undefined && requestId !== undefined
    ? await adHoc(context, { userId, amount, orderName, requestId })
    : body.dryRun
    ? await preview(context, body)
    : body.subscriptionId !== undefined
    ? await runCharges(createOperationContext(context, "billing"), due(body))
    : await runJob(context, body);
  return Response.json({ ...answer, runId });
};

function due({ limit, asOf, subscriptionId }: ChargeRequest) {
  return { limit, asOf: asOf ?? null, subscriptionId };
}

async function adHoc(context: RequestContext, request: AdHocChargeRequest) {
  if (!context.services.config.adHocCharges) throw adHocChargesAreOff();
  const result = await chargeAdHoc(
    createOperationContext(context, "billing"),
    request,
  );
  if (result.kind === "refused_locally") throw adHocError(result.reason);
  const { charge } = result;
  return { ...NOTHING, claimed: 1, [charge.status]: 1, charge };
}

async function preview({ services }: RequestContext, body: ChargeRequest) {
  const { charges, remaining } = await previewDueCharges(
    services.database,
    due(body),
  );
  return { ...NOTHING, remaining, charges };
}

/** The whole job: endings and reminders, then charges, then the heartbeat, which asks to be woken again if any remain. */
async function runJob(context: RequestContext, body: ChargeRequest) {
  const { services, logger } = context;
  const startedAt = performance.now();
  const { limit, asOf } = due(body);
  const advanced = await advanceSubscriptions(services.database, {
    limit,
    asOf,
    dunning: services.config.dunning,
  });
  const counts = await runCharges(
    createOperationContext(context, "billing"),
    { limit, asOf },
  );
  const result = {
    ...counts,
    ended: advanced.ended,
    reminded: advanced.reminded,
    remaining: counts.remaining + advanced.remaining,
  };
  logger.info("job_finished", { job: "billing", ...result });
  await recordJobRun(services.database, {
    job: "billing",
    durationSeconds: (performance.now() - startedAt) / 1000,
    result,
  });
  return counts;
}
