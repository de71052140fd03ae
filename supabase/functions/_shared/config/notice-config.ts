import type { ResendAccount } from "../notices/channels/resend.ts";
import type { SolapiAccount } from "../notices/channels/solapi.ts";
import type { Shop } from "../notices/notice.ts";
import type { Environment, SoundVariables } from "./environment.ts";
import type { ConfigProblem } from "./read-environment.ts";

/** How buyers are told; null = not that way. */
export interface NoticeConfig {
  readonly email: ResendAccount | null;
  readonly message: SolapiAccount | null;
  /** Who tells them. */
  readonly shop: Shop;
}

/** The channels of an environment whose variables are sound together. */
export function noticeConfig(environment: Environment): NoticeConfig {
  const {
    RESEND_API_KEY,
    EMAIL_FROM,
    SOLAPI_API_KEY,
    SOLAPI_API_SECRET,
    SOLAPI_SENDER,
  } = environment;
  return {
    email: environment.NOTIFY_EMAIL === "off" ||
        RESEND_API_KEY === undefined || EMAIL_FROM === undefined
      ? null
      : {
        apiKey: RESEND_API_KEY,
        baseUrl: environment.RESEND_API_BASE_URL,
        from: EMAIL_FROM,
      },
    message: environment.NOTIFY_MESSAGE === "off" ||
        SOLAPI_API_KEY === undefined || SOLAPI_API_SECRET === undefined ||
        SOLAPI_SENDER === undefined
      ? null
      : {
        apiKey: SOLAPI_API_KEY,
        apiSecret: SOLAPI_API_SECRET,
        baseUrl: environment.SOLAPI_API_BASE_URL,
        sender: SOLAPI_SENDER,
        pfId: environment.SOLAPI_PF_ID,
        templates: environment.SOLAPI_TEMPLATES ?? {},
      },
    shop: shopOf(EMAIL_FROM, environment.APP_URL),
  };
}

function shopOf(sender: string | undefined, url: string): Shop {
  const name = /^([^<]*)</.exec(sender ?? "")?.[1]?.trim();
  return { name: name || new URL(url).host, url };
}

const NEEDED = {
  NOTIFY_EMAIL: ["RESEND_API_KEY", "EMAIL_FROM"],
  NOTIFY_MESSAGE: ["SOLAPI_API_KEY", "SOLAPI_API_SECRET", "SOLAPI_SENDER"],
} as const;

/** A channel that is on without what it needs, and templates without Kakao's channel. */
export function noticeProblems(environment: SoundVariables): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const channel of ["NOTIFY_EMAIL", "NOTIFY_MESSAGE"] as const) {
    const provider = environment[channel];
    if (provider === undefined || provider === "off") continue;
    for (const variable of NEEDED[channel]) {
      if (environment[variable] !== undefined) continue;
      const problem = `is not set, and ${channel} is ${provider}`;
      problems.push({ variable, problem });
    }
  }
  if (
    environment.SOLAPI_PF_ID === undefined &&
    Object.keys(environment.SOLAPI_TEMPLATES ?? {}).length > 0
  ) {
    const problem = "is not set, and SOLAPI_TEMPLATES names templates";
    problems.push({ variable: "SOLAPI_PF_ID", problem });
  }
  return problems;
}
