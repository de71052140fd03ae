import type { Environment } from "../../supabase/functions/_shared/config/environment.ts";
import type { Text } from "./language.ts";

/** One or several variables that are explained together. */
export interface VariableDescription {
  names: readonly (keyof Environment)[];
  meaning: Text;
  /** In the place of a default that depends on another variable, or means more than its value. */
  defaultMeans?: Text;
  /** What `.env.example` sets; empty when this is missing. */
  preset?: string;
}

/** Variables that belong together, under their heading in `.env.example`. */
export interface VariableGroup {
  heading: string;
  variables: readonly VariableDescription[];
}

/**
 * Every variable an operator may set, in the order of `.env.example`.
 *
 * The one place that says what they mean: `deno task docs` writes `.env.example` and both pages of it.
 */
export const VARIABLE_GROUPS: readonly VariableGroup[] = [{
  heading: "Toss",
  variables: [{
    names: ["TOSS_SECRET_KEY", "TOSS_CLIENT_KEY"],
    meaning: {
      en:
        "the main pair from the developer centre: both test or both live, of the same family (`ck` with `sk`, or `gck` with `gsk`). While a secret key changes: `new,old`",
      ko:
        "개발자센터의 기본 키 한 쌍. 둘 다 테스트이거나 둘 다 라이브, 같은 종류(`ck`와 `sk`, 또는 `gck`와 `gsk`)여야 함. 시크릿 키를 교체하는 동안에는 `new,old`(새 키, 옛 키)",
    },
  }, {
    names: ["TOSS_WIDGET_SECRET_KEY", "TOSS_WIDGET_CLIENT_KEY"],
    meaning: {
      en:
        "a second pair (`gck` with `gsk`) for orders of the payment widget, beside a main pair of the other family. Of the main pair's mode",
      ko:
        "결제위젯 주문에 쓰는 두 번째 키 쌍(`gck`와 `gsk`). 기본 키 쌍이 다른 종류일 때. 기본 키 쌍과 같은 모드(테스트/라이브)여야 함",
    },
  }, {
    names: ["TOSS_BILLING_SECRET_KEY", "TOSS_BILLING_CLIENT_KEY"],
    meaning: {
      en:
        "a pair (`ck` with `sk`) for cards, accounts and their charges, when billing has a merchant id of its own. Cards that were registered before go on with the main pair",
      ko:
        "자동결제 계약의 상점아이디(MID)가 따로 있을 때, 카드·계좌 등록과 그 청구에 쓰는 키 쌍(`ck`와 `sk`). 그 전에 등록된 카드는 계속 기본 키 쌍을 씀",
    },
  }, {
    names: ["TOSS_SECURITY_KEY"],
    meaning: {
      en:
        "보안 키 (64 hex digits): proves the signature of payout and seller webhooks, of which unsigned ones are then 401",
      ko:
        "보안 키(16진수 64자). 지급대행·셀러 웹훅의 서명을 확인하며, 설정하면 서명 없는 것은 401",
    },
  }, {
    names: ["TOSS_WEBHOOK_SECRET"],
    meaning: {
      en:
        "key of the signature schemes that relays use; Toss itself has none. `new,old` while it changes",
      ko:
        "중계 서버 서명 방식의 키. 토스 자체에는 없음. 교체하는 동안에는 `new,old`(새 키, 옛 키)",
    },
  }, {
    names: ["TOSS_API_BASE_URL"],
    meaning: {
      en:
        "another Toss; `http://` only for this machine and with test keys. With it set, `dev` starts no simulator",
      ko:
        "다른 토스 주소. `http://`는 이 컴퓨터에서 테스트 키로만. 설정하면 `dev`가 시뮬레이터를 띄우지 않음",
    },
  }, {
    names: ["TOSS_TIMEOUT_MS"],
    meaning: {
      en:
        "how long Toss may take to answer, in milliseconds, 50 to 140000. Leases last this long plus 5 s",
      ko:
        "토스의 응답을 기다리는 시간(밀리초), 50~140000. lease는 여기에 5초를 더한 시간",
    },
  }],
}, {
  heading: "Your shop's pages",
  variables: [{
    names: ["APP_URL"],
    meaning: {
      en:
        "address of your shop, for example `http://localhost:3000` or `https://shop.example/ko`; its path is kept",
      ko:
        "상점의 주소. 예: `http://localhost:3000`, `https://shop.example/ko`. 경로도 유지됨",
    },
  }, {
    names: ["APP_SUCCESS_PATH", "APP_FAIL_PATH"],
    meaning: {
      en: "below `APP_URL`: where redirects send the browser",
      ko: "`APP_URL` 아래에서 리다이렉트가 브라우저를 보내는 경로",
    },
  }, {
    names: ["APP_CONSENT_PATH"],
    meaning: {
      en:
        "below `APP_URL`: the page that the link of a request for consent opens, with `token`",
      ko: "`APP_URL` 아래에서 동의 요청의 링크가 `token`과 함께 여는 페이지",
    },
  }, {
    names: ["CORS_ALLOWED_ORIGINS"],
    meaning: {
      en:
        "origins that may call the functions from a browser, separated by commas, or `*`",
      ko: "브라우저에서 함수를 호출할 수 있는 origin. 쉼표로 구분하거나 `*`",
    },
    defaultMeans: {
      en: "origin of `APP_URL`; in `dev` `*`",
      ko: "`APP_URL`의 origin, `dev`에서는 `*`",
    },
  }],
}, {
  heading: "Secrets",
  variables: [{
    names: ["BILLING_KEY_ENCRYPTION_KEYS"],
    meaning: {
      en:
        "JSON of key id to base64 of 32 bytes; the first encrypts, all decrypt. Keep a copy: what it encrypted cannot be read without it",
      ko:
        "키 id → 32바이트 base64의 JSON. 첫 번째로 암호화하고 전부로 복호화. 따로 보관할 것. 키가 없으면 암호화한 값을 읽을 수 없음",
    },
  }, {
    names: ["CRON_SECRET"],
    meaning: {
      en:
        "what the schedules send as `Authorization: Bearer`, 16 characters or more; Vault holds the same value as `supabase_tosspayments_cron_secret`",
      ko:
        "예약 작업이 `Authorization: Bearer`로 보내는 값, 16자 이상. Vault의 `supabase_tosspayments_cron_secret`에도 같은 값을 둠",
    },
  }],
}, {
  heading: "Webhook (docs/webhooks.md)",
  variables: [{
    names: ["WEBHOOK_SIGNATURE_SCHEMES"],
    preset: "toss-v1",
    meaning: {
      en:
        "signatures that are checked, separated by commas: `toss-v1` (payout and seller events, key `TOSS_SECURITY_KEY`), and for relays `sha512-hex-body`, `sha256-hex-body`, `sha256-base64-body` (key `TOSS_WEBHOOK_SECRET`), `sha256-hex-body-time` (the secret keys of all pairs)",
      ko:
        "확인할 서명 방식, 쉼표로 구분: `toss-v1`(지급대행·셀러 이벤트, 키는 `TOSS_SECURITY_KEY`), 중계 서버용 `sha512-hex-body`, `sha256-hex-body`, `sha256-base64-body`(키는 `TOSS_WEBHOOK_SECRET`), `sha256-hex-body-time`(키는 모든 키 쌍의 시크릿 키)",
    },
  }, {
    names: ["WEBHOOK_REQUIRE_SIGNATURE"],
    preset: "0",
    meaning: {
      en:
        "`1`: refuse what is not signed. Toss's own payment events are not, so only behind a relay that signs everything",
      ko:
        "`1`: 서명이 없으면 거절. 토스의 결제 이벤트에는 서명이 없으므로 모든 것에 서명하는 중계 서버 뒤에서만 사용",
    },
  }, {
    names: ["WEBHOOK_URL_TOKEN"],
    meaning: {
      en:
        "a long random text; the address registered at Toss then ends with `?token=` and this text",
      ko: "긴 무작위 문자열. 토스에 등록한 주소 끝에 `?token=`과 이 값을 붙임",
    },
  }, {
    names: ["WEBHOOK_ALLOWED_IPS"],
    meaning: {
      en: "who may send: addresses, and `toss` for Toss's published senders",
      ko: "보낼 수 있는 IP 목록. `toss`는 토스가 공개한 발신 IP",
    },
    defaultMeans: { en: "everyone", ko: "모두 허용" },
  }, {
    names: ["WEBHOOK_CLIENT_IP_HEADER"],
    preset: "cf-connecting-ip",
    meaning: {
      en:
        "where the platform writes the sender's address: `cf-connecting-ip` (hosted), or behind a gateway of your own `x-forwarded-for` (its last entry counts) or `x-real-ip`",
      ko:
        "플랫폼이 발신 IP를 적는 헤더: `cf-connecting-ip`(호스팅), 직접 둔 게이트웨이 뒤에서는 `x-forwarded-for`(마지막 항목을 읽음)나 `x-real-ip`",
    },
  }],
}, {
  heading: "Events to other systems (docs/events.md)",
  variables: [{
    names: ["WEBHOOK_ALLOW_PRIVATE"],
    preset: "off",
    meaning: {
      en:
        "`on`: events may also go to this machine and private networks, there also by `http://`; with test keys only",
      ko:
        "`on`: 이 컴퓨터와 사설망으로도 보내고 그곳에는 `http://`도 허용. 테스트 키에서만",
    },
  }],
}, {
  heading: "Checkout (docs/key-pairs.md)",
  variables: [{
    names: ["CHECKOUT_UI"],
    preset: "",
    defaultMeans: {
      en: "widget where there is a pair for it, else window",
      ko: "위젯 쌍이 있으면 widget, 없으면 window",
    },
    meaning: {
      en:
        "`widget` or `window`: what `checkout` opens an order for when the page names no `ui`",
      ko:
        "`widget` 또는 `window`: 페이지가 `ui`를 말하지 않을 때 `checkout`이 여는 주문",
    },
  }],
}, {
  heading: "Virtual accounts (docs/virtual-accounts.md)",
  variables: [{
    names: ["VIRTUAL_ACCOUNT_MAX_HOURS"],
    preset: "72",
    meaning: {
      en:
        "the longest `validHours` that `virtual-account` takes from a user, 1 to 2160; a guest gets 24 at most. The account holds its order's stock until then",
      ko:
        "`virtual-account`가 사용자에게 허용하는 가장 긴 `validHours`, 1~2160. 비회원은 최대 24. 계좌는 그때까지 주문의 재고를 잡음",
    },
  }],
}, {
  heading: "Cash receipts (docs/cash-receipts.md)",
  variables: [{
    names: ["CASH_RECEIPT_SELF_ISSUE_DAYS"],
    preset: "",
    defaultMeans: { en: "never", ko: "발급하지 않음" },
    meaning: {
      en:
        "so many days after its approval, 0 to 30, a cash payment of 100,000 won or more that has no receipt gets one under the tax office's number 010-000-1234",
      ko:
        "승인 뒤 이만큼의 날(0~30)이 지나면 현금영수증이 없는 10만 원 이상의 현금성 결제에 국세청 지정번호 010-000-1234로 자진발급",
    },
  }],
}, {
  heading: "Privacy (docs/privacy.md)",
  variables: [{
    names: ["RETAIN_WEBHOOK_BODIES_DAYS"],
    preset: "90",
    meaning: {
      en:
        "so many days, 7 to 3650, the bodies of webhooks are kept; job `housekeeping` erases them then",
      ko:
        "웹훅 본문을 보관하는 날수(7~3650). 지나면 작업 `housekeeping`이 파기",
    },
  }, {
    names: ["RETAIN_PERSONAL_DATA_YEARS"],
    preset: "5",
    meaning: {
      en:
        "so many years, 1 to 100, after the last move of an order what names its buyer is kept; rows of money stay",
      ko:
        "주문이 마지막으로 움직인 뒤 구매자를 알 수 있는 값을 보관하는 햇수(1~100). 돈에 관한 행은 남음",
    },
  }],
}, {
  heading: "Subscriptions (docs/subscriptions.md)",
  variables: [{
    names: ["DUNNING_SCHEDULE_DAYS"],
    preset: "1,3,5,7",
    meaning: {
      en:
        "days after the first decline of a charge on which it is tried again; a decline on the last one is final",
      ko: "청구가 처음 거절된 뒤 다시 시도하는 날. 마지막 날의 거절이 최종",
    },
  }, {
    names: ["DUNNING_FINAL_ACTION"],
    preset: "cancel",
    meaning: {
      en:
        "what follows then: `cancel` the subscription, or `keep_past_due` without access until a new card pays",
      ko:
        "그다음: 구독을 끝내는 `cancel`, 또는 새 카드로 결제할 때까지 이용 권한 없이 남겨 두는 `keep_past_due`",
    },
  }, {
    names: ["AD_HOC_CHARGES"],
    preset: "off",
    meaning: {
      en:
        "`on`: `billing-charge` also charges an amount outside any subscription. Toss allows billing keys for regular subscriptions only, so ask Toss first",
      ko:
        "`on`: `billing-charge`가 구독 밖의 금액도 청구. 토스는 빌링키를 정기 구독에만 허용하므로 먼저 토스에 문의",
    },
  }],
}, {
  heading: "Notices to buyers (docs/notices.md)",
  variables: [{
    names: ["NOTIFY_EMAIL"],
    preset: "off",
    meaning: {
      en: "`resend`: buyers are told by e-mail, through Resend",
      ko: "`resend`: 구매자에게 Resend로 이메일을 보냄",
    },
  }, {
    names: ["RESEND_API_KEY", "EMAIL_FROM"],
    meaning: {
      en:
        "an API key that may send, and who sends: `Shop <notice@shop.example>`, of a domain verified at Resend. The name is the shop's in every notice",
      ko:
        "보내기 권한이 있는 API 키와 보내는 사람: `상점 <notice@shop.example>`, Resend에서 인증한 도메인이어야 함. 이 이름이 모든 알림에 상점 이름으로 쓰임",
    },
  }, {
    names: ["RESEND_API_BASE_URL"],
    meaning: {
      en: "another Resend; `http://` only for this machine and with test keys",
      ko: "다른 Resend 주소. `http://`는 이 컴퓨터에서 테스트 키로만",
    },
  }, {
    names: ["NOTIFY_MESSAGE"],
    preset: "off",
    meaning: {
      en:
        "`solapi`: buyers are told by 알림톡, else by SMS or LMS, through Solapi",
      ko: "`solapi`: 구매자에게 솔라피로 알림톡을, 안 되면 문자를 보냄",
    },
  }, {
    names: ["SOLAPI_API_KEY", "SOLAPI_API_SECRET", "SOLAPI_SENDER"],
    meaning: {
      en:
        "key and secret of Solapi's API, and the sender's number that is registered there",
      ko: "솔라피 API 키와 시크릿, 솔라피에 등록한 발신번호",
    },
  }, {
    names: ["SOLAPI_PF_ID", "SOLAPI_TEMPLATES"],
    meaning: {
      en:
        'Kakao\'s channel as Solapi names it, and a JSON object of notice to the id of its approved template, for example `{"receipt":"KA01TP…"}`. A notice without a template goes as SMS or LMS',
      ko:
        '솔라피에 연동한 카카오 채널의 id와, 알림 이름 → 승인된 템플릿 id의 JSON. 예: `{"receipt":"KA01TP…"}`. 템플릿이 없는 알림은 문자로 보냄',
    },
  }, {
    names: ["SOLAPI_API_BASE_URL"],
    meaning: {
      en: "another Solapi; `http://` only for this machine and with test keys",
      ko: "다른 솔라피 주소. `http://`는 이 컴퓨터에서 테스트 키로만",
    },
  }],
}];
