import { createHmac } from "node:crypto";
import { Hono } from "hono";
import { brokenAnswer, type ProviderState } from "./mailbox.ts";

/** How far a request's date may be from the present, and for how long a signature counts as used (Solapi: API Key). */
const SIGNATURE_LIFETIME_MS = 15 * 60_000;

const AUTHORIZATION =
  /^HMAC-SHA256 apiKey=(\w+), date=([^,]+), salt=([\x21-\x2b\x2d-\x7e]{12,64}), signature=([0-9a-f]{64})$/;

interface SolapiMessage {
  to?: unknown;
  from?: unknown;
  text?: unknown;
  type?: unknown;
  subject?: unknown;
  kakaoOptions?: {
    pfId?: string;
    templateId?: string;
    variables?: Record<string, string>;
  };
  customFields?: Record<string, string>;
}

/** Kakao's approved templates by id; a message of another one is refused. */
export type Templates = Record<string, string>;

/**
 * A Solapi of which only sending and the list are needed. Source: Solapi's documents (API Key 인증 방식, 메시지 상태 코드) and
 * its SDK for Node (messages/v4/send-many/detail, messages/v4/list).
 */
export function solapiRoutes(
  state: ProviderState,
  { apiSecret, templates }: { apiSecret: string; templates: () => Templates },
): Hono {
  const app = new Hono();
  const usedSignatures = new Set<string>();
  const refuse = (status: number, errorCode: string, errorMessage: string) =>
    new Response(JSON.stringify({ errorCode, errorMessage }), {
      status,
      headers: { "content-type": "application/json" },
    });

  app.use(async (c, next) => {
    state.requests.push({
      provider: "solapi",
      method: c.req.method,
      path: c.req.path,
    });
    const problem = judge(c.req.header("authorization") ?? "");
    if (problem !== null) return refuse(403, problem, "인증에 실패했습니다.");
    await next();
  });
  app.post("/messages/v4/send-many/detail", async (c) => {
    if (state.take("solapi", "rate_limit")) {
      return refuse(429, "TooManyRequests", "요청이 너무 많습니다.");
    }
    if (state.take("solapi", "outage")) {
      return refuse(500, "InternalError", "서버 오류");
    }
    if (state.take("solapi", "lose_before")) return brokenAnswer();
    const hang = state.take("solapi", "hang");
    if (hang !== undefined) await pause(hang.milliseconds ?? 15_000);
    const { messages } = await c.req.json();
    if (!Array.isArray(messages) || messages.length === 0) {
      return refuse(400, "ValidationError", "messages는 필수입니다.");
    }
    const answer = Response.json(accept(messages));
    return state.take("solapi", "lose_after") ? brokenAnswer() : answer;
  });
  app.get("/messages/v4/list", (c) => {
    const { to, startDate, endDate } = c.req.query();
    const found = state.entries.filter((entry) =>
      entry.provider === "solapi" && (to === undefined || entry.to === to) &&
      (startDate === undefined ||
        Date.parse(entry.at) >= Date.parse(startDate)) &&
      (endDate === undefined || Date.parse(entry.at) <= Date.parse(endDate))
    );
    return c.json({
      startKey: null,
      nextKey: null,
      limit: 500,
      messageList: Object.fromEntries(found.map((entry) => [entry.id, {
        messageId: entry.id,
        type: entry.type,
        to: entry.to,
        from: entry.from,
        text: entry.text,
        status: "COMPLETE",
        statusCode: "4000",
        customFields: { notificationId: entry.reference },
      }])),
    });
  });
  app.notFound(() => refuse(404, "ResourceNotFound", "찾을 수 없습니다."));
  return app;

  function judge(header: string): string | null {
    const [, , date = "", salt, signature = ""] = AUTHORIZATION.exec(header) ??
      [];
    if (signature === "" || state.take("solapi", "bad_key")) {
      return "InvalidAPIKey";
    }
    // Signatures carry the real time, whatever the clock of the stack says.
    const distance = Math.abs(Date.now() - Date.parse(date));
    if (!(distance < SIGNATURE_LIFETIME_MS)) return "RequestTimeTooSkewed";
    const expected = createHmac("sha256", apiSecret).update(`${date}${salt}`)
      .digest("hex");
    if (expected !== signature) return "SignatureDoesNotMatch";
    if (usedSignatures.has(signature)) return "DuplicatedSignature";
    usedSignatures.add(signature);
    return null;
  }

  function accept(messages: SolapiMessage[]) {
    const groupId = state.nextId("G4V");
    const results = messages.map((message) => ({
      message,
      messageId: state.nextId("M4V"),
      statusCode: statusOf(message),
    }));
    const taken = results.filter(({ statusCode }) => statusCode === "2000");
    for (const { message, messageId } of taken) keep(message, messageId);
    return {
      failedMessageList: results.filter((one) => !taken.includes(one)).map((
        { message, messageId, statusCode },
      ) => ({
        to: message.to,
        from: message.from,
        type: message.kakaoOptions ? "ATA" : "LMS",
        statusMessage: "접수 실패",
        country: "82",
        messageId,
        statusCode,
        accountId: "00000000000000",
      })),
      groupInfo: {
        groupId,
        status: taken.length > 0 ? "SENDING" : "FAILED",
        count: {
          total: messages.length,
          registeredSuccess: taken.length,
          registeredFailed: messages.length - taken.length,
        },
      },
      messageList: taken.map(({ messageId }) => ({
        messageId,
        statusCode: "2000",
        statusMessage: "정상 접수",
      })),
    };
  }

  function statusOf({ to, from, kakaoOptions, text }: SolapiMessage): string {
    if (
      typeof to !== "string" || !/^01[016789]\d{7,8}$/.test(to) ||
      state.take("solapi", "bad_address")
    ) return "3010";
    if (
      typeof from !== "string" || !/^\d{8,12}$/.test(from) ||
      state.take("solapi", "bad_sender")
    ) return "1062";
    if (state.take("solapi", "quota")) return "1030";
    if (kakaoOptions === undefined) {
      return typeof text === "string" && text !== "" ? "2000" : "1010";
    }
    if (state.take("solapi", "bad_template")) return "1042";
    const template = templates()[kakaoOptions.templateId ?? ""];
    if (template === undefined) return "1042";
    const missing = (template.match(/#\{[^}]+\}/g) ?? []).some((name) =>
      !kakaoOptions.variables?.[name]
    );
    return missing ? "1043" : "2000";
  }

  function keep(message: SolapiMessage, id: string): void {
    const { kakaoOptions } = message;
    const template = templates()[kakaoOptions?.templateId ?? ""];
    state.keep({
      id,
      provider: "solapi",
      to: String(message.to),
      from: String(message.from),
      type: kakaoOptions === undefined ? String(message.type ?? "LMS") : "ATA",
      subject: typeof message.subject === "string" ? message.subject : null,
      text: template === undefined
        ? String(message.text ?? "")
        : template.replace(/#\{[^}]+\}/g, (name) =>
          kakaoOptions?.variables?.[name] ?? ""),
      html: null,
      templateId: kakaoOptions?.templateId ?? null,
      reference: message.customFields?.notificationId ?? null,
    });
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
