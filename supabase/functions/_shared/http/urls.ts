import type { Config } from "../config/config.ts";
import type { FunctionName } from "./access.ts";

/** The public address of one of our functions. */
export function functionUrl(config: Config, name: FunctionName): string {
  return `${config.supabase.url.replace(/\/+$/, "")}/functions/v1/${name}`;
}

/**
 * An address of the shop's own pages, below the path of APP_URL, with query parameters; those without a value are left out.
 *
 * @param path as configured, for example `/success`
 */
export function appUrl(
  config: Config,
  path: string,
  parameters: Record<string, string | undefined>,
): string {
  const url = new URL(config.app.url + path);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url.href;
}
