/**
 * The address that Toss, or its simulator, sends webhooks to.
 *
 * With `WEBHOOK_URL_TOKEN` the address carries the token, as it would be
 * registered in Toss's developer centre.
 */
export function webhookUrl(
  functionsUrl: string,
  variables: Record<string, string>,
): string {
  const url = new URL(`${functionsUrl}/webhook`);
  const token = variables.WEBHOOK_URL_TOKEN;
  if (token) url.searchParams.set("token", token);
  return url.href;
}
