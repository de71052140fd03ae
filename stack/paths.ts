import { fileURLToPath } from "node:url";

/** The project's root folder, as an absolute path without a final slash. */
export const PROJECT_ROOT = fileURLToPath(new URL("..", import.meta.url))
  .replace(/[/\\]$/, "");
