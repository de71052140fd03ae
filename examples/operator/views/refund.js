import { facts, field, h, speak } from "../dom.js";
import { RefusedError } from "../project.js";
import { ask } from "../dialogs.js";

/**
 * Refunds whose outcome nobody knows yet, by paymentKey: whoever comes back sends the very same request again, under
 * the same `requestId`, and nothing else until its outcome is known.
 *
 * @type {Map<string, Record<string, unknown>>}
 */
const open = new Map();

function accountFields({ t }) {
  const bank = h("input", { autocomplete: "off", maxlength: 50 });
  const accountNumber = h("input", {
    inputmode: "numeric",
    autocomplete: "off",
    pattern: "[0-9]{1,20}",
  });
  const holderName = h("input", { autocomplete: "off", maxlength: 60 });
  return {
    controls: [bank, accountNumber, holderName],
    fields: h(
      "fieldset",
      null,
      h("legend", { text: t("refundAccount") }),
      field(t("bank"), bank),
      field(t("accountNumber"), accountNumber),
      field(t("holderName"), holderName),
    ),
    isReady: () =>
      bank.value.trim() !== "" && /^[0-9]{1,20}$/.test(accountNumber.value) &&
      holderName.value.trim() !== "",
    value: () => ({
      bank: bank.value.trim(),
      accountNumber: accountNumber.value,
      holderName: holderName.value.trim(),
    }),
  };
}

/** Where the money of a virtual account goes back to; null for what goes back by itself. */
export function accountFor(app, method) {
  return method === "가상계좌" ? accountFields(app) : null;
}

/** Digits as a person types them, with commas or without. */
function amountOf(text) {
  const digits = text.replaceAll(/[\s,₩원]/g, "");
  return /^[0-9]+$/.test(digits) ? Number(digits) : null;
}

/**
 * Gives money back after the amount was typed and the button pressed; once, however often it is pressed.
 *
 * @param {import("../main.js").App} app
 * @param {{ paymentKey: string, method: string | null, balanceAmount: number, currency: string }} payment
 */
export function refund(app, payment) {
  const { t, format, project } = app;
  const left = format.money(payment.balanceAmount, payment.currency);
  const waiting = open.get(payment.paymentKey);
  const amount = h("input", {
    inputmode: "numeric",
    autocomplete: "off",
    required: true,
  });
  const reason = h("input", {
    autocomplete: "off",
    maxlength: 200,
    required: true,
  });
  const account = accountFor(app, payment.method);
  const controls = [amount, reason, ...(account?.controls ?? [])];
  let requestId = crypto.randomUUID();

  function lockFields(isLocked) {
    for (const control of controls) control.readOnly = isLocked;
  }

  if (waiting !== undefined) {
    amount.value = String(waiting.cancelAmount);
    reason.value = String(waiting.cancelReason);
    lockFields(true);
  }

  function isReady() {
    if (open.has(payment.paymentKey)) return true;
    const wanted = amountOf(amount.value);
    return wanted !== null && wanted > 0 && wanted <= payment.balanceAmount &&
      reason.value.trim() !== "" &&
      (account === null || account.isReady());
  }

  async function act() {
    const body = open.get(payment.paymentKey) ?? {
      paymentKey: payment.paymentKey,
      cancelAmount: amountOf(amount.value),
      cancelReason: reason.value.trim(),
      requestId,
      ...(account === null ? {} : { refundReceiveAccount: account.value() }),
    };
    open.set(payment.paymentKey, body);
    lockFields(true);
    try {
      const { status, body: answer } = await project.call("cancel", body);
      if (status === 202) return null;
      open.delete(payment.paymentKey);
      return t(
        "refundDone",
        format.money(answer.canceledAmount, payment.currency),
        format.money(answer.balanceAmount, payment.currency),
      );
    } catch (error) {
      if (error instanceof RefusedError && !error.isUnknown) {
        // It has not taken effect, so the next try is another request.
        open.delete(payment.paymentKey);
        requestId = crypto.randomUUID();
        lockFields(false);
        amount.focus();
      }
      throw error;
    }
  }

  return ask(app, {
    title: t("refundTitle"),
    tone: "danger",
    confirm: t("refundNow"),
    isReady,
    act,
    body: [
      facts([[t("left"), left], [t("method"), payment.method ?? "?"], [
        "paymentKey",
        h("code", { text: payment.paymentKey }),
      ]]),
      waiting !== undefined
        ? h("p", { class: "problem", text: t("refundOpen") })
        : null,
      field(t("refundAmount"), amount, t("refundAmountHint", left)),
      field(t("refundReason"), reason, t("refundReasonHint")),
      account?.fields ?? null,
    ],
  }).then((isDone) => {
    if (!isDone && open.has(payment.paymentKey)) speak(t("stillOpen"));
    return isDone;
  });
}
