/**
 * Whoever serves this page hands its requests on to the project: Supabase takes no secret key that comes straight from a
 * browser.
 */
const RELAY = "relay";

/** What the project refused or could not answer. */
export class RefusedError extends Error {
  /**
   * @param {{ code: string, message: string, status: number, isUnknown: boolean }} refusal `isUnknown`: nobody knows
   *   whether the request took effect, so only the very same one may be sent again
   */
  constructor({ code, message, status, isUnknown }) {
    super(message);
    this.code = code;
    this.status = status;
    this.isUnknown = isUnknown;
  }
}

async function refusalOf(response) {
  const body = await response.json().catch(() => ({}));
  return new RefusedError({
    code: body.code ?? `http_${response.status}`,
    message: body.message ?? body.msg ?? "",
    status: response.status,
    isUnknown: response.status >= 500,
  });
}

/**
 * A Supabase project with its secret key, which lives in this closure and nowhere else: not in storage, not in an
 * address, not in the page.
 *
 * @param {{ secretKey: string, schema?: string, prefix?: string }} options where the project has its
 *   tables, and what its functions' names begin with
 */
export function openProject(
  { secretKey, schema = "public", prefix = "" },
) {
  async function send(path, { method = "GET", body, headers = {} } = {}) {
    let response;
    try {
      response = await fetch(RELAY + path, {
        method,
        headers: {
          apikey: secretKey,
          ...(body ? { "content-type": "application/json" } : {}),
          ...headers,
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        referrerPolicy: "no-referrer",
      });
    } catch {
      throw new RefusedError({
        code: "no_answer",
        message: "",
        status: 0,
        isUnknown: true,
      });
    }
    if (!response.ok) throw await refusalOf(response);
    return { status: response.status, body: await response.json() };
  }

  return {
    /** Rows of a table or view, by PostgREST's query. */
    async rows(relation, query) {
      const headers = { "accept-profile": schema };
      const { body } = await send(
        `/rest/v1/${relation}?${new URLSearchParams(query)}`,
        { headers },
      );
      return body;
    },
    /** Calls an Edge Function; answers its body and status. */
    call: (name, body) =>
      send(`/functions/v1/${prefix}${name}`, { method: "POST", body }),
    /** What the function `health` says; with the right key it knows of `operations`. */
    health: async () => (await send(`/functions/v1/${prefix}health`)).body,
  };
}
