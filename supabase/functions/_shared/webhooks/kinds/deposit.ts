import { sha256Hex } from "../../security/sha256.ts";
import { isEqualInConstantTime } from "../../security/timing-safe-equal.ts";
import { isVirtualAccount } from "../../toss/is-virtual-account.ts";
import { askToss, judgeByAnswer } from "./ask-toss.ts";
import { failed, ignored, type Judge } from "./verdict.ts";

const SECRET_DIFFERS = "the secret is not that of the order's payment";

/**
 * A virtual account's deposit arrived, was taken back or was cancelled (Toss: DEPOSIT_CALLBACK).
 *
 * The secret must be that of the payment: the stored one, or while none is stored the one in Toss's answer. Then
 * Toss is asked, because the secret proves the sender and not the state; the answer to this fresh question may
 * lead from DONE back to WAITING_FOR_DEPOSIT. An account whose answer shows no secret that could be compared is
 * believed like any payment that Toss was asked about: the answer, not the notice, is what is applied.
 */
export const judgeDeposit: Judge = async (context, event) => {
  const { secretDigest, secretMatches } = event;
  if (secretDigest === null) return ignored("carries no secret");
  if (secretMatches === false) return ignored(SECRET_DIFFERS);

  const asked = await askToss(context, event);
  if (asked.payment === null) {
    return asked.verdict.status === "ignored" && secretMatches === null
      ? { ...asked.verdict, answerSecretDigest: null }
      : asked.verdict;
  }
  const { payment } = asked;
  const verifiedBy = "deposit-secret";
  if (secretMatches) {
    return await judgeByAnswer(context, event, { payment, verifiedBy });
  }
  if (payment.secret === null && isVirtualAccount(payment)) {
    return await judgeByAnswer(context, event, {
      payment,
      verifiedBy: "re-query",
    });
  }

  const answerSecretDigest = payment.secret ? sha256Hex(payment.secret) : null;
  if (isEqualInConstantTime(answerSecretDigest ?? "", secretDigest)) {
    const answer = { payment, verifiedBy, answerSecretDigest };
    return {
      ...await judgeByAnswer(context, event, answer),
      answerSecretDigest,
    };
  }
  // An open confirmation will tell about a payment whose secret this may be.
  return event.isOrderBusy
    ? failed("the secret of the order's payment is not known yet")
    : { ...ignored(SECRET_DIFFERS), answerSecretDigest };
};
