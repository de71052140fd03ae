import type { VirtualClock } from "../clock.ts";
import { toKoreanTime } from "../korean-time.ts";
import { newTransmissionId } from "../payments/identifiers.ts";
import type { Scheduler } from "../scheduler.ts";
import type { Delivery } from "./delivery.ts";
import { takeKnob, type WebhookKnob } from "./knobs.ts";
import type { PostWebhook } from "./post-webhook.ts";

/** Toss docs, webhooks: at most 7 retries, the n-th 4^(n-1) minutes later. */
const MAXIMUM_RETRIES = 7;

/** What the sender needs. */
export interface WebhookSenderDependencies {
  clock: VirtualClock;
  scheduler: Scheduler;
  post: PostWebhook;
  /** Length of a minute of the retry schedule, in virtual milliseconds. */
  minuteInMilliseconds: number;
}

/** A webhook to send: one event for one URL. */
export type OutgoingWebhook = Pick<
  Delivery,
  "url" | "eventType" | "paymentKey" | "status" | "body"
>;

/** Delivers webhooks on Toss's retry schedule and keeps their history. */
export class WebhookSender {
  readonly deliveries: Delivery[] = [];
  readonly knobs: WebhookKnob[] = [];
  readonly #dependencies: WebhookSenderDependencies;
  readonly #plans = new Map<Delivery, () => void>();

  constructor(dependencies: WebhookSenderDependencies) {
    this.#dependencies = dependencies;
  }

  /** Starts a delivery; knobs decide whether, when and how often. */
  send(webhook: OutgoingWebhook): void {
    const { clock } = this.#dependencies;
    const delivery: Delivery = {
      ...webhook,
      transmissionId: newTransmissionId(),
      createdAt: toKoreanTime(clock.now()),
      state: "waiting",
      attempts: [],
      nextAttemptAt: null,
    };
    this.deliveries.push(delivery);
    const knob = takeKnob(this.knobs, webhook);
    switch (knob?.kind) {
      case "drop":
        delivery.state = "dropped";
        break;
      case "reorder":
        delivery.state = "held";
        break;
      case "delay":
        this.#plan(delivery, knob.milliseconds, 0);
        break;
      case "duplicate":
        this.#start(delivery, 0);
        this.#start(delivery, 0);
        break;
      case undefined:
        this.#start(delivery, 0);
    }
  }

  /**
   * Sends a webhook again by hand: pending retries are dropped and a new
   * first attempt starts. Answers whether the transmission id is known.
   */
  resend(transmissionId: string): boolean {
    const delivery = this.deliveries
      .find((candidate) => candidate.transmissionId === transmissionId);
    if (delivery === undefined) return false;
    this.#unplan(delivery);
    this.#start(delivery, 0);
    return true;
  }

  #start(delivery: Delivery, retriedCount: number): void {
    delivery.state = "sending";
    this.#dependencies.scheduler.track(this.#attempt(delivery, retriedCount));
  }

  async #attempt(delivery: Delivery, retriedCount: number): Promise<void> {
    const { clock, post } = this.#dependencies;
    const at = toKoreanTime(clock.now());
    const { url, body, transmissionId } = delivery;
    const headers = {
      "content-type": "application/json; charset=utf-8",
      "tosspayments-webhook-transmission-time": at,
      "tosspayments-webhook-transmission-retried-count": `${retriedCount}`,
      "tosspayments-webhook-transmission-id": transmissionId,
    };
    const outcome = await post({ url, body, headers });
    delivery.attempts.push({ at, retriedCount, ...outcome });
    if (outcome.httpStatus === 200) this.#succeed(delivery);
    else if (delivery.state !== "succeeded") {
      this.#fail(delivery, retriedCount);
    }
    this.#releaseHeld(delivery);
  }

  #succeed(delivery: Delivery): void {
    this.#unplan(delivery);
    delivery.state = "succeeded";
  }

  #fail(delivery: Delivery, retriedCount: number): void {
    if (retriedCount >= MAXIMUM_RETRIES) {
      delivery.state = "failed";
      return;
    }
    const minutes = 4 ** retriedCount;
    const wait = minutes * this.#dependencies.minuteInMilliseconds;
    this.#plan(delivery, wait, retriedCount + 1);
  }

  #plan(delivery: Delivery, wait: number, retriedCount: number): void {
    const { clock, scheduler } = this.#dependencies;
    this.#unplan(delivery);
    const dueAt = clock.now() + wait;
    delivery.state = "waiting";
    delivery.nextAttemptAt = toKoreanTime(dueAt);
    this.#plans.set(
      delivery,
      scheduler.at(dueAt, () => {
        this.#unplan(delivery);
        this.#start(delivery, retriedCount);
      }),
    );
  }

  #unplan(delivery: Delivery): void {
    this.#plans.get(delivery)?.();
    this.#plans.delete(delivery);
    delivery.nextAttemptAt = null;
  }

  #releaseHeld(after: Delivery): void {
    const position = this.deliveries.indexOf(after);
    const held = this.deliveries.slice(0, position).filter((delivery) =>
      delivery.state === "held" && delivery.url === after.url
    );
    for (const delivery of held) this.#start(delivery, 0);
  }
}
