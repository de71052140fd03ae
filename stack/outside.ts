import { SIMULATOR_KEYS } from "../simulator/options.ts";
import {
  type Providers,
  startProviders,
} from "../simulator/providers/providers.ts";
import { projectVariables } from "./environment.ts";
import type { LocalSecrets } from "./local-secrets.ts";
import type { StackSettings } from "./stack-settings.ts";
import { type Simulator, startToss } from "./toss.ts";
import { prepareShop, type ShopBuild } from "./shop-build.ts";
import { startWeb, type Web } from "./web.ts";
import { webhookUrl } from "./webhook-url.ts";

/** What stands around a project: Toss, the web page, and the configuration. */
export interface Outside {
  simulator: Simulator | null;
  providers: Providers | null;
  web: Web | null;
  /** The pages of the example shop; null = none. */
  shop: ShopBuild | null;
  /** The project's variables with the local defaults. */
  variables: Record<string, string>;
}

/** What {@linkcode startOutside} needs. */
export interface OutsideOptions {
  settings: StackSettings;
  apiUrl: string;
  secrets: LocalSecrets;
  /** Takes what must be stopped, also when a later part does not start. */
  cleanup: AsyncDisposableStack;
}

// Where the redirects lead when the stack serves no page of its own.
const DEFAULT_WEB_URL = "http://127.0.0.1:54390";

/** Whether an address is a Toss of one's own, which the local key pair will do for. */
export function isOnThisMachine(url: string): boolean {
  return ["127.0.0.1", "localhost", "[::1]"].includes(new URL(url).hostname);
}

/** Starts the simulator and the web page, and derives the variables. */
export async function startOutside(options: OutsideOptions): Promise<Outside> {
  const { settings, apiUrl, cleanup } = options;
  const given = settings.environment;
  const simulator = settings.tossApiBaseUrl !== undefined
    ? null
    : await startToss({
      port: settings.tossSimulatorPort,
      webhookUrl: webhookUrl(`${apiUrl}/functions/v1`, given),
      given,
      simulator: settings.simulator,
    });
  if (simulator !== null) cleanup.defer(() => simulator.stop());
  const providers = settings.notices ? await startProviders() : null;
  if (providers !== null) cleanup.defer(() => providers.stop());
  const shop = settings.shop ? prepareShop() : null;
  if (shop !== null) cleanup.defer(() => shop.stop());
  const web = settings.webPort === undefined
    ? null
    : startWeb(settings.webPort, { providers, shop });
  if (web !== null) cleanup.defer(() => web.stop());
  const tossApiBaseUrl = settings.tossApiBaseUrl ?? simulator?.url ?? "";
  const variables = projectVariables({
    ...options.secrets,
    tossApiBaseUrl,
    tossKeys: simulator ??
      (isOnThisMachine(tossApiBaseUrl) ? SIMULATOR_KEYS : null),
    webUrl: web?.url ?? DEFAULT_WEB_URL,
    providers,
  }, { ...given, TOSS_API_BASE_URL: tossApiBaseUrl });
  web?.configure({
    apiUrl,
    publishableKey: options.secrets.publishableKey,
    tossClientKey: variables.TOSS_CLIENT_KEY ?? "",
    tossWidgetClientKey: variables.TOSS_WIDGET_CLIENT_KEY ?? "",
    tossApiBaseUrl,
  });
  return { simulator, providers, web, shop, variables };
}
