import assert from "node:assert/strict";
import { auditEvents } from "../database.ts";
import {
  beginCancel,
  cancelAtTossIs,
  cancelStatus,
  type ForeignCancel,
  reportPayment,
} from "../foreign-cancel.ts";
import { work } from "../worker.ts";
import type { Scene } from "./scene.ts";

const valuesOf = ({ transactionKey }: ForeignCancel) => ({
  TRANSACTION_KEY: transactionKey,
});

/** An asynchronous cancel: it names only itself, and Toss's answer about its payment decides. */
export const cancelScene: Scene = {
  async first({ shop, send }) {
    const cancel = await beginCancel(shop, { cancelAmount: 1000 });
    await reportPayment(shop, cancel);
    assert.equal(await cancelStatus(shop, cancel), "IN_PROGRESS");
    cancelAtTossIs(shop, cancel, "DONE");
    const { status, verifiedBy } = await send(valuesOf(cancel));
    assert.deepEqual([status, verifiedBy], ["processed", "re-query"]);
    assert.equal(await cancelStatus(shop, cancel), "DONE");
  },

  async duplicate({ shop, send }) {
    const cancel = await beginCancel(shop, { cancelAmount: 1000 });
    await reportPayment(shop, cancel);
    cancelAtTossIs(shop, cancel, "DONE");
    const transmissionId = crypto.randomUUID();
    await send(valuesOf(cancel), { transmissionId });
    const events = await auditEvents(shop, cancel.orderId);
    const repeat = await send(valuesOf(cancel), { transmissionId });
    assert.equal(repeat.deliveries, 2);
    await send(valuesOf(cancel));
    assert.deepEqual(await auditEvents(shop, cancel.orderId), events);
  },

  async late({ shop, send }) {
    const cancel = await beginCancel(shop, { cancelAmount: 1000 });
    await reportPayment(shop, cancel);
    cancelAtTossIs(shop, cancel, "ABORTED");
    await reportPayment(shop, cancel);
    // The fixture still says DONE.
    await send(valuesOf(cancel));
    assert.equal(await cancelStatus(shop, cancel), "ABORTED");
  },

  async forged({ shop, send }) {
    const cancel = await beginCancel(shop, { cancelAmount: 1000 });
    await reportPayment(shop, cancel);
    await send(valuesOf(cancel));
    assert.equal(await cancelStatus(shop, cancel), "IN_PROGRESS");
    const before = shop.simulator.requests().length;
    const { status, reason } = await send({ TRANSACTION_KEY: "txrd_invented" });
    assert.equal(status, "ignored");
    assert.equal(reason, "the cancel is not known here");
    assert.equal(shop.simulator.requests().length, before);
  },

  async outOfOrder({ shop, send }) {
    const cancel = await beginCancel(shop, { cancelAmount: 1000 });
    assert.equal((await send(valuesOf(cancel))).status, "ignored");
    // An answer from before the end, as the cancel's own request would bring it; it tells of the cancel, and
    // the event that came too early is looked at again.
    cancelAtTossIs(shop, cancel, "IN_PROGRESS", "DONE");
    await reportPayment(shop, cancel);
    await work(shop, "webhooks");
    assert.equal(await cancelStatus(shop, cancel), "DONE");
  },
};
