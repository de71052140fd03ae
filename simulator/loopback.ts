/** Names under which containers on this machine reach it; no stranger can make a page of them. */
const CONTAINER_HOSTS = ["host.docker.internal", "host.containers.internal"];

/** Whether a name or address, as a URL has it, is this machine. */
export function isLoopbackName(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") ||
    hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname) ||
    CONTAINER_HOSTS.includes(hostname);
}

/** Whether a `Host` header (`name:port`) is this machine. */
export function isLoopbackHost(host: string): boolean {
  return URL.canParse(`http://${host}`) &&
    isLoopbackName(new URL(`http://${host}`).hostname);
}

/** Whether an `Origin` header is a page that this machine serves; `null` is not. */
export function isLoopbackOrigin(origin: string): boolean {
  return URL.canParse(origin) && isLoopbackName(new URL(origin).hostname);
}
