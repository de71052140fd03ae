/** Sends a browser on to one of the shop's pages. */
export function redirect(location: string): Response {
  return new Response(null, {
    status: 303,
    // The address that is left holds a paymentKey or authKey; it must not travel to the next page's servers.
    headers: { location, "referrer-policy": "no-referrer" },
  });
}
