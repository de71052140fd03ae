import type { Handler } from "../_shared/http/create-function.ts";

const TEXT = `토스페이먼츠 웹훅을 받는 주소입니다.
토스페이먼츠 개발자센터의 웹훅 메뉴에 이 주소를 등록하세요. 이벤트는 POST 요청으로 받습니다.

This address receives TossPayments webhooks.
Register it in the TossPayments developer centre under Webhooks. Events arrive as POST requests.
`;

/** `GET webhook`: tells whoever opens the address in a browser what it is for. Shows nothing of the project. */
export const explainAddress: Handler = () =>
  Promise.resolve(
    new Response(TEXT, {
      headers: { "content-type": "text/plain; charset=utf-8" },
    }),
  );
