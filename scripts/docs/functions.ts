import type {
  OperationDescription,
  SecurityScheme,
} from "./openapi/operation.ts";
import { OPERATIONS } from "./openapi/operations.ts";
import type { Language, Text } from "./language.ts";
import { code } from "./markdown.ts";
import { table } from "../../proofs/support/markdown.ts";

/** A route at a glance; every field of it stands in docs/api.md. */
interface Overview {
  /** Beside the credentials that the route takes; in the place of them where it takes none. */
  caller?: Text;
  request: Text;
  success: Text;
  repeating: Text;
}

function both(text: string): Text {
  return { en: text, ko: text };
}

const SAME_ANSWER: Text = { en: "same answer", ko: "같은 응답" };
const SAFE: Text = { en: "safe", ko: "안전" };
const AS_POST: Text = { en: "as `POST`", ko: "`POST`와 같음" };
const SENT_BY_TOSS: Text = {
  en: "the browser, sent by Toss",
  ko: "토스가 보낸 브라우저",
};
const REDIRECT: Text = {
  en: "303 to the success or fail page",
  ko: "303 성공·실패 페이지로 이동",
};

const OVERVIEWS: Readonly<Record<string, Overview>> = {
  "POST checkout": {
    caller: {
      en: "guests with the publishable key",
      ko: "비회원은 publishable 키로",
    },
    request: {
      en:
        "`{ items: [{ productId, quantity }] }` or `{ planId }` (a one-time pass; signed in only); optional `customerEmail`, `customerMobilePhone`, `customerName`, `metadata`, `ui` ([widget or window](key-pairs.md#which-one-is-used)). With the secret key `{ lines, adjustments?, userId?, reference?, … }`, [your own catalogue](own-catalogue.md#lines-from-your-server)",
      ko:
        "`{ items: [{ productId, quantity }] }` 또는 `{ planId }`(일회성 이용권, 로그인 필요). 선택: `customerEmail`, `customerMobilePhone`, `customerName`, `metadata`, `ui`([위젯 또는 결제창](key-pairs.ko.md#어느-키-쌍을-쓰나)). secret 키로는 `{ lines, adjustments?, userId?, reference?, … }`, [자체 카탈로그](own-catalogue.ko.md#서버가-보내는-품목)",
    },
    success: both(
      "201 `{ orderId, orderName, amount, currency, taxFreeAmount, customerKey, clientKey, successUrl, failUrl, expiresAt }`",
    ),
    repeating: {
      en:
        "makes another order, the same one with a `reference`; unpaid ones expire after an hour",
      ko:
        "새 주문, `reference`가 있으면 같은 주문. 결제하지 않으면 한 시간 뒤 만료",
    },
  },
  "POST confirm": {
    caller: { en: "anyone with the three values", ko: "세 값을 가진 누구나" },
    request: both("`{ paymentKey, orderId, amount }`"),
    success: both(
      '200 `{ status: "confirmed" \\| "waiting_for_deposit", orderId, paymentKey, amount, approvedAt, method, receiptUrl, virtualAccount? }`',
    ),
    repeating: {
      en: "same answer, never a second charge",
      ko: "같은 응답, 이중 승인 없음",
    },
  },
  "GET confirm": {
    caller: SENT_BY_TOSS,
    request: {
      en: "query `paymentKey, orderId, amount`",
      ko: "쿼리 `paymentKey, orderId, amount`",
    },
    success: REDIRECT,
    repeating: AS_POST,
  },
  "POST virtual-account": {
    request: both(
      "`{ orderId, bank, customerName, validHours?, cashReceipt?, escrow?, escrowProducts?, customerEmail?, customerMobilePhone? }`",
    ),
    success: both("201 `{ orderId, paymentKey, amount, virtualAccount }`"),
    repeating: { en: "same account", ko: "같은 계좌" },
  },
  "POST cancel": {
    caller: {
      en:
        "users and guests only give up an own order that is not paid ([who may](refunds.md#who-may))",
      ko:
        "사용자와 비회원은 결제되지 않은 본인 주문만([누가 할 수 있나](refunds.ko.md#누가-할-수-있나))",
    },
    request: {
      en:
        "`{ orderId \\| paymentKey, cancelReason, requestId }`; optional `cancelAmount`, `taxFreeAmount`, `refundReceiveAccount`",
      ko:
        "`{ orderId \\| paymentKey, cancelReason, requestId }`. 선택: `cancelAmount`, `taxFreeAmount`, `refundReceiveAccount`",
    },
    success: both(
      "200 `{ status, orderId, paymentKey, canceledAmount, balanceAmount, cancels }`",
    ),
    repeating: {
      en: "same `requestId`: same answer, never a second refund",
      ko: "같은 `requestId`면 같은 응답, 이중 환불 없음",
    },
  },
  "POST cash-receipt": {
    caller: {
      en: "users only for their own order",
      ko: "사용자는 본인 주문만",
    },
    request: both("`{ orderId, type, customerIdentityNumber, requestId }`"),
    success: both(
      "201 `{ receiptKey, orderId, type, amount, issueStatus, receiptUrl }`",
    ),
    repeating: {
      en: "same `requestId`: same answer, never a second receipt",
      ko: "같은 `requestId`면 같은 응답, 이중 발급 없음",
    },
  },
  "DELETE cash-receipt": {
    request: both("`{ orderId, amount?, requestId }`"),
    success: both("200 `{ orderId, receiptKey, amount, issueStatus }`"),
    repeating: SAME_ANSWER,
  },
  "POST withdrawal": {
    caller: {
      en: "users only for their own order; `action` for the secret key alone",
      ko: "사용자는 본인 주문만. `action`은 secret 키만",
    },
    request: {
      en:
        '`{ orderId, reason, requestId }`; the shop: `{ withdrawalId, action: "accept" \\| "refuse", reason?, cancelAmount?, refundReceiveAccount? }`, `{ orderId, action: "mark_used", productId? }`',
      ko:
        '`{ orderId, reason, requestId }`. 상점: `{ withdrawalId, action: "accept" \\| "refuse", reason?, cancelAmount?, refundReceiveAccount? }`, `{ orderId, action: "mark_used", productId? }`',
    },
    success: both(
      "201 `{ withdrawalId, status, dueAt }`; 200 `{ withdrawalId, status, refund? }`",
    ),
    repeating: {
      en:
        "same `requestId`: same answer; accepted twice: never a second refund",
      ko: "같은 `requestId`면 같은 응답. 두 번 받아들여도 이중 환불 없음",
    },
  },
  "POST billing-issue/prepare": {
    request: both("`{ planId?, method? }`"),
    success: both(
      "200 `{ method, customerKey, clientKey, successUrl, failUrl }`",
    ),
    repeating: SAFE,
  },
  "POST billing-issue": {
    request: {
      en: "`{ authKey, customerKey, planId? }`; with `planId` it subscribes",
      ko: "`{ authKey, customerKey, planId? }`. `planId`가 있으면 구독",
    },
    success: {
      en:
        "201 `{ billingMethodId, method, card, subscription? }`; of an account `account` in place of `card`",
      ko:
        "201 `{ billingMethodId, method, card, subscription? }`. 계좌면 `card` 대신 `account`",
    },
    repeating: SAME_ANSWER,
  },
  "GET billing-issue": {
    caller: SENT_BY_TOSS,
    request: {
      en: "query `authKey, customerKey, state`",
      ko: "쿼리 `authKey, customerKey, state`",
    },
    success: REDIRECT,
    repeating: AS_POST,
  },
  "DELETE billing-issue": {
    request: both("`{ billingMethodId }`"),
    success: both("200 `{ billingMethodId, status }`"),
    repeating: SAME_ANSWER,
  },
  "POST subscription": {
    caller: { en: "users only their own", ko: "사용자는 본인 것만" },
    request: {
      en:
        '`{ subscriptionId, action, planId?, billingMethodId?, consentId? }`, or `{ action: "subscribe", planId, billingMethodId }` with a registered card',
      ko:
        '`{ subscriptionId, action, planId?, billingMethodId?, consentId? }`, 또는 등록된 카드로 `{ action: "subscribe", planId, billingMethodId }`',
    },
    success: {
      en: "200 the subscription; 201 as `billing-issue`",
      ko: "200 구독. 201은 `billing-issue`와 같음",
    },
    repeating: SAFE,
  },
  "GET subscription/consent": {
    caller: {
      en: "whoever has the link of a notice",
      ko: "알림의 링크를 가진 사람",
    },
    request: { en: "query `token`", ko: "쿼리 `token`" },
    success: {
      en: "200 the request for consent, with its text in both languages",
      ko: "200 동의 요청과 두 언어의 문구",
    },
    repeating: SAFE,
  },
  "POST subscription/consent": {
    caller: {
      en: "whoever has the link of a notice",
      ko: "알림의 링크를 가진 사람",
    },
    request: { en: "`{ token, action }`", ko: "`{ token, action }`" },
    success: {
      en: "200 as the GET, decided",
      ko: "200 GET과 같음. 결정됨",
    },
    repeating: {
      en: "409 `consent_not_open`: the link works once",
      ko: "409 `consent_not_open`: 링크는 한 번만 쓸 수 있음",
    },
  },
  "POST billing-charge": {
    request: {
      en:
        "`{}` (all due), `{ subscriptionId }`, or `{ userId, amount, orderName, requestId }`; optional `limit`, `dryRun`, `asOf`",
      ko:
        "`{}`(청구할 때가 된 전부), `{ subscriptionId }`, 또는 `{ userId, amount, orderName, requestId }`. 선택: `limit`, `dryRun`, `asOf`",
    },
    success: both(
      "200 `{ claimed, paid, declined, unknown, remaining, runId }`",
    ),
    repeating: {
      en: "one charge per period, also at the same time",
      ko: "동시에 불러도 기간마다 한 번만 청구",
    },
  },
  "POST operator": {
    request: {
      en:
        '`{ action: "order", id }`, `{ action: "search", text }`, `{ action: "replay_event", eventId }`, `{ action: "replay_delivery", eventId, endpointId }` or `{ action: "settle_difference", differenceId }`',
      ko:
        '`{ action: "order", id }`, `{ action: "search", text }`, `{ action: "replay_event", eventId }`, `{ action: "replay_delivery", eventId, endpointId }` 또는 `{ action: "settle_difference", differenceId }`',
    },
    success: {
      en:
        "200 one order's story, as `toss order --json` prints it; what was found; how many were queued again; the resolution",
      ko:
        "200 주문 하나의 이야기(`toss order --json`이 출력하는 것과 같음), 찾은 것, 다시 넣은 수, 처리 결과",
    },
    repeating: {
      en: "safe: the first two read, a replay only asks or sends again",
      ko: "안전함. 앞의 둘은 읽기만 하고, 다시 처리는 다시 묻거나 보낼 뿐",
    },
  },
  "POST webhook": {
    caller: {
      en: "Toss (`GET` tells a person what it is)",
      ko: "토스(`GET`은 사람에게 안내)",
    },
    request: { en: "any JSON object", ko: "JSON 객체" },
    success: both("200 `{ received: true, eventId, duplicate }`"),
    repeating: {
      en: "counted, not processed twice",
      ko: "횟수만 세고 두 번 처리하지 않음",
    },
  },
  "POST webhook-endpoints": {
    request: {
      en:
        '`{ action: "create", url, eventTypes?, description? }` or `{ action: "rotate" \\| "test" \\| "enable" \\| "disable", id }`',
      ko:
        '`{ action: "create", url, eventTypes?, description? }` 또는 `{ action: "rotate" \\| "test" \\| "enable" \\| "disable", id }`',
    },
    success: {
      en: "201 the endpoint with its `secret`, 200 the endpoint",
      ko: "201 엔드포인트와 `secret`, 200 엔드포인트",
    },
    repeating: {
      en: "`create` and `rotate` make another one",
      ko: "`create`와 `rotate`는 새로 만듦",
    },
  },
  "POST worker": {
    request: {
      en:
        "`{ job, limit?, asOf?, from?, to? }` (`asOf` with test keys only; `from` and `to` for `reconcile` and `import`)",
      ko:
        "`{ job, limit?, asOf?, from?, to? }`(`asOf`는 테스트 키에서만, `from`과 `to`는 `reconcile`, `import`에만)",
    },
    success: { en: "200 `{ job, …counts }`", ko: "200 `{ job, …건수 }`" },
    repeating: {
      en: "safe, also at the same time",
      ko: "동시에 불러도 안전",
    },
  },
  "GET health": {
    request: both("–"),
    success: {
      en:
        "200 `{ status, version }`, with the secret key also what waits, alerts, jobs, configuration",
      ko:
        "200 `{ status, version }`. secret 키면 대기 중인 일, 알림, 작업, 설정도 포함",
    },
    repeating: both("–"),
  },
};

const SCHEMES: Readonly<Record<SecurityScheme, Text>> = {
  secretKey: { en: "secret key", ko: "secret 키" },
  publishableKey: { en: "publishable key", ko: "publishable 키" },
  userToken: { en: "user's token", ko: "사용자 토큰" },
  cronSecret: both("`CRON_SECRET`"),
};

const WORDS = {
  en: {
    head: ["Path", "Caller", "Request", "Success", "Repeating it"],
    anyone: "anyone",
    more: (who: string) => `; more with ${who}`,
    or: " or ",
    note: "; ",
  },
  ko: {
    head: ["경로", "호출자", "요청", "성공", "다시 호출하면"],
    anyone: "누구나",
    more: (who: string) => `. ${who}면 더 많이`,
    or: " 또는 ",
    note: ". ",
  },
} as const;

function listed(items: readonly string[], last: string): string {
  const rest = items.slice(0, -1).join(", ");
  return rest === "" ? items.join() : `${rest}${last}${items.at(-1)}`;
}

function callerCell(
  { security, opensMore = [] }: OperationDescription,
  { caller }: Overview,
  language: Language,
): string {
  const { anyone, more, note, or } = WORDS[language];
  const named = (schemes: readonly SecurityScheme[]) =>
    listed(schemes.map((scheme) => SCHEMES[scheme][language]), or);
  if (security.length === 0) {
    const who = caller?.[language] ?? anyone;
    return opensMore.length === 0 ? who : who + more(named(opensMore));
  }
  return named(security) + (caller ? note + caller[language] : "");
}

/** Every route with who may call it and what comes back; throws when one has no overview. */
export function functionsTable(language: Language): string {
  return table(
    WORDS[language].head,
    OPERATIONS.map((operation) => {
      const { function: name, method, path } = operation;
      const route = `${method.toUpperCase()} ${name}${path}`;
      const overview = OVERVIEWS[route];
      if (overview === undefined) {
        throw new Error(`scripts/docs/functions.ts does not describe ${route}`);
      }
      const { request, success, repeating } = overview;
      return [
        code(route),
        callerCell(operation, overview, language),
        request[language],
        success[language],
        repeating[language],
      ];
    }),
  );
}
