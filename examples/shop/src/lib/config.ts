/** Pages around the shop that a developer wants; `dev` names them. */
export interface DeveloperLinks {
  simulator: string | null;
  mailbox: string | null;
  events: string;
  operator: string;
  docs: string;
}

/** What the page must know. None of it is secret. */
export interface ShopConfig {
  apiUrl: string;
  publishableKey: string;
  /** The simulator's script; undefined = Toss's own. */
  sdkUrl?: string | undefined;
  /** How orders are paid; undefined = the server's keys decide. */
  ui?: "widget" | "window" | undefined;
  /** No real money moves. */
  isTest: boolean;
  /** On the developer's machine alone. */
  links?: DeveloperLinks | undefined;
}

/** The configuration of the build, else what `dev` tells at /config.json. */
export async function loadConfig(): Promise<ShopConfig> {
  const {
    VITE_SUPABASE_URL: apiUrl,
    VITE_SUPABASE_PUBLISHABLE_KEY: publishableKey,
    VITE_TOSS_SDK_URL: sdkUrl,
    VITE_TOSS_UI: ui,
  } = import.meta.env;
  if (apiUrl && publishableKey) {
    return {
      apiUrl,
      publishableKey,
      isTest: Boolean(sdkUrl),
      ...(sdkUrl ? { sdkUrl } : {}),
      ...(ui === "widget" || ui === "window" ? { ui } : {}),
    };
  }
  const answer = await fetch("/config.json");
  if (!answer.ok) throw new Error("/config.json is missing.");
  const told = await answer.json();
  return {
    apiUrl: told.apiUrl,
    publishableKey: told.publishableKey,
    sdkUrl: told.sdkUrl ?? undefined,
    ui: told.ui ?? undefined,
    isTest: told.isTest === true,
    links: told.links ?? undefined,
  };
}
