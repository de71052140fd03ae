import { defineCommand, later } from "../door/command.ts";
import { PORT_VARIABLES } from "../project/local-settings.ts";

export const dev = defineCommand({
  call: "dev",
  summary: "Start the whole project on this machine and keep it running",
  options: {},
  environment: {
    PORT: `API: /rest/v1, /auth/v1, /functions/v1 (${PORT_VARIABLES.PORT})`,
    DB_PORT: `Postgres (${PORT_VARIABLES.DB_PORT})`,
    TOSS_SIM_PORT: `Toss simulator (${PORT_VARIABLES.TOSS_SIM_PORT})`,
    WEB_PORT:
      `the example shop, where redirects end (${PORT_VARIABLES.WEB_PORT})`,
    WEBHOOK_PORT:
      "takes POST webhook and nothing else, for a tunnel such as ngrok (none)",
    DB_DIR: "folder that keeps the data (.local/db)",
    RESET: "1 throws the data away first",
    TOSS_API_BASE_URL: "another Toss; no simulator is started",
  },
  notes:
    `Only test keys of Toss are taken. Every variable of .env.example may be set too, in the environment or in the file .env of the project; the environment wins. Port 0 takes a free one.
Ctrl-C or SIGTERM stops everything.`,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
