import type { MessageContent } from "../render/message.ts";
import type { ProviderAnswer } from "./call-provider.ts";
import { notSent, type SendOutcome, unknown } from "./outcome.ts";
import { faultOfError, faultOfStatus } from "./solapi-codes.ts";
import { askSolapi, type SolapiAccount } from "./solapi-request.ts";

export type { SolapiAccount } from "./solapi-request.ts";

/** One message to one mobile number. */
export interface Message {
  id: string;
  notice: string;
  /** Digits alone, as dialled in Korea. */
  to: string;
  content: MessageContent;
  /** For Kakao's template; null sends plain text. */
  variables: Record<string, string> | null;
  /** When an attempt was made whose end nobody knows, ISO 8601; null = none was. */
  doubtSince: string | null;
}

/** Where Solapi keeps our id; at most 30 characters a name, 100 a value (Solapi: status code 1032). */
const OUR_ID = "notificationId";

type Body = NonNullable<ProviderAnswer["body"]>;

/**
 * Hands a message to Solapi: 알림톡 where the notice has a template, for which Solapi sends the same text as SMS or LMS
 * when Kakao cannot deliver it; else SMS or LMS at once. Never rejects.
 *
 * Solapi knows no idempotency key. After an attempt whose end is unknown its list is asked for our id first.
 *
 * Source: Solapi's documents and its SDK for Node (`POST /messages/v4/send-many/detail`, `GET /messages/v4/list`).
 */
export async function sendMessage(
  fetcher: typeof fetch,
  account: SolapiAccount,
  message: Message,
): Promise<SendOutcome> {
  if (message.doubtSince !== null) {
    const found = await findSent(fetcher, account, message);
    if (found !== null) return found;
  }
  const templateId = account.templates[message.notice];
  const { pfId } = account;
  if (
    pfId === undefined || templateId === undefined || message.variables === null
  ) {
    return await post(fetcher, account, message, { ...message.content });
  }
  const { variables } = message;
  const kakaoOptions = { pfId, templateId, variables, disableSms: false };
  const answer = await post(fetcher, account, message, { kakaoOptions });
  if (answer.kind === "sent" || answer.fault !== "template_refused") {
    return answer;
  }
  // A buyer can do nothing about a template.
  const plain = await post(fetcher, account, message, { ...message.content });
  return plain.kind === "sent"
    ? { ...plain, detour: `template_refused: ${answer.code}` }
    : plain;
}

async function post(
  fetcher: typeof fetch,
  account: SolapiAccount,
  { id, to }: Message,
  content: Record<string, unknown>,
): Promise<SendOutcome> {
  const answer = await askSolapi(fetcher, account, {
    method: "POST",
    path: "/messages/v4/send-many/detail",
    body: {
      messages: [{
        to,
        from: account.sender,
        ...content,
        customFields: { [OUR_ID]: id },
      }],
      showMessageList: true,
    },
  });
  if (answer === null) return unknown("no_answer");
  if (answer.status !== 200) return judgeError(answer);
  return answer.body === null
    ? unknown("unreadable_answer")
    : judgeGroup(answer.body);
}

function judgeError(
  { status, body, retryAfterSeconds }: ProviderAnswer,
): SendOutcome {
  const given = body?.errorCode;
  const code = typeof given === "string" && /^\w{3,60}$/.test(given)
    ? given
    : `http_${status}`;
  const fault = faultOfError(status, code);
  return fault === "outage"
    ? unknown(code)
    : notSent(fault, code, retryAfterSeconds);
}

function judgeGroup(body: Body): SendOutcome {
  const failed = listOf(body.failedMessageList)[0];
  if (failed !== undefined) {
    const code = textOf(failed.statusCode) ?? "unknown";
    return notSent(faultOfStatus(code), code);
  }
  const group = objectOf(body.groupInfo);
  const accepted = objectOf(group?.count)?.registeredSuccess;
  const providerId = textOf(listOf(body.messageList)[0]?.messageId) ??
    textOf(group?.groupId);
  return typeof accepted === "number" && accepted > 0 && providerId !== null
    ? { kind: "sent", providerId }
    : unknown("unreadable_answer");
}

/** Looks for a message that Solapi may have taken; null = it has not, an outcome = it has, or does not say. */
async function findSent(
  fetcher: typeof fetch,
  account: SolapiAccount,
  { id, to, doubtSince }: Message,
): Promise<SendOutcome | null> {
  const query = new URLSearchParams({
    to,
    dateType: "CREATED",
    // Clocks differ.
    startDate: new Date(Date.parse(doubtSince ?? "") - 300_000).toISOString(),
    endDate: new Date(Date.now() + 300_000).toISOString(),
    limit: "500",
  });
  const answer = await askSolapi(fetcher, account, {
    method: "GET",
    path: `/messages/v4/list?${query}`,
  });
  if (answer === null) return unknown("no_answer");
  if (answer.status !== 200) return judgeError(answer);
  const messages = objectOf(answer.body?.messageList);
  if (messages === null) return unknown("unreadable_answer");
  for (const [messageId, message] of Object.entries(messages)) {
    if (objectOf(objectOf(message)?.customFields)?.[OUR_ID] === id) {
      return { kind: "sent", providerId: messageId };
    }
  }
  return null;
}

function objectOf(value: unknown): Body | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Body
    : null;
}

function listOf(value: unknown): Body[] {
  return (Array.isArray(value) ? value : []).flatMap((item) => {
    const object = objectOf(item);
    return object === null ? [] : [object];
  });
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value.slice(0, 200) : null;
}
