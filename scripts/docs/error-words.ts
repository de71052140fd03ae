import type { Language } from "./language.ts";

/** What stands around the tables of errors. */
interface ErrorWords {
  introduction: readonly string[];
  codesHeading: string;
  codes: readonly string[];
  yes: string;
  no: string;
  tossHeading: string;
  classes: string;
  tossCodes: readonly string[];
  hard: string;
  limit: string;
  proofsHeading: string;
  proofs: string;
  tossCode: string;
}

export const ERROR_WORDS: Readonly<Record<Language, ErrorWords>> = {
  en: {
    introduction: [
      "# Errors",
      "한국어: [errors.ko.md](errors.ko.md)",
      "Written by `npx -y deno task docs` from the code.",
      "Every refusal is `{ code, message, requestId, retryable, action, userMessage, tossCode?, details? }`. `message` is for developers; `userMessage` may be shown, in Korean, or in English when `accept-language` asks for it first. Decide by `code` and `action`, never by the texts. What a page does about each `action`: [frontend.md](frontend.md#errors).",
    ],
    codesHeading: "Codes of the functions",
    codes: [
      "Code",
      "Status",
      "When",
      "Retryable",
      "Action",
      "Korean",
      "English",
    ],
    yes: "yes",
    no: "no",
    tossHeading: "Codes of Toss",
    classes:
      "They arrive as `tossCode`. The class says what is known: `customer` and `request`: nothing happened; `unknown`: Toss is asked again, nothing is concluded; `later`: the same request can work later; `configuration`: keys or contract; `already_done`: the payment's own state decides; `session_expired`: over, a new payment can begin; `not_found`: Toss does not know it. Codes that Toss adds get their class, and so their text, by status and prefix.",
    tossCodes: [
      "Toss code",
      "Class",
      "Action",
      "Recurring charges",
      "Korean",
      "English",
    ],
    hard: "asks for another card",
    limit: "tries after midnight in Seoul",
    proofsHeading: "What a refusal proves",
    proofs:
      "A code ends an operation by itself only when Toss documents what it means for that call, and no earlier try can have taken effect: `nothing`: it had no effect and never will; `later`: it had none, and the same request can have one later; `moved`: Toss holds another state than the request assumed, which is read. An empty cell, and every code that is not listed, prove nothing: the answer is 202 unless Toss's own record of the payment or order decides at once, and the record decides in the end.",
    tossCode: "Toss code",
  },
  ko: {
    introduction: [
      "# 오류",
      "English: [errors.md](errors.md)",
      "이 문서는 `npx -y deno task docs`가 코드에서 만듭니다.",
      "거절은 모두 `{ code, message, requestId, retryable, action, userMessage, tossCode?, details? }`입니다. `message`는 개발자를 위한 것이고, `userMessage`는 구매자에게 보여 줘도 됩니다. 한국어이며, `accept-language`가 영어를 먼저 요청하면 영어입니다. 문구가 아니라 `code`와 `action`으로 판단하세요. `action`마다 화면이 할 일은 [frontend.ko.md](frontend.ko.md#오류-처리)에 있습니다.",
    ],
    codesHeading: "함수의 코드",
    codes: ["코드", "상태", "언제", "재시도", "action", "한국어", "영어"],
    yes: "예",
    no: "아니요",
    tossHeading: "토스의 코드",
    classes:
      "`tossCode`로 옵니다. 분류는 무엇을 알 수 있는지를 뜻합니다. `customer`와 `request`: 아무 일도 일어나지 않음. `unknown`: 결론을 내리지 않고 토스에 다시 물음. `later`: 같은 요청이 나중에 될 수 있음. `configuration`: 키나 계약 문제. `already_done`: 결제의 상태로 판단함. `session_expired`: 끝났으며 새 결제를 시작할 수 있음. `not_found`: 토스가 모름. 토스가 새로 더하는 코드는 HTTP 상태와 접두어로 분류와 문구를 정합니다.",
    tossCodes: ["토스 코드", "분류", "action", "정기 청구", "한국어", "영어"],
    hard: "다른 카드를 요청함",
    limit: "서울 시간 자정이 지나 다시 시도",
    proofsHeading: "거절이 증명하는 것",
    proofs:
      "코드가 그 자체로 operation을 끝내는 것은, 그 호출에서 무엇을 뜻하는지 토스가 문서로 밝혔고 앞선 시도가 효력을 냈을 수 없을 때뿐입니다. `nothing`: 효력이 없었고 앞으로도 없음. `later`: 효력이 없었고 같은 요청이 나중에 효력을 낼 수 있음. `moved`: 토스의 상태가 요청이 가정한 것과 달라 그 상태를 읽음. 빈 칸과 목록에 없는 코드는 아무것도 증명하지 않습니다. 토스의 결제나 주문 기록으로 바로 결론이 나지 않으면 202로 응답하며, 마지막에는 그 기록이 결정합니다.",
    tossCode: "토스 코드",
  },
};
