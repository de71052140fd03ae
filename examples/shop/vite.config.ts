import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: {
    alias: {
      "@": here("src"),
      // The client as it stands in this repository; a shop of its own installs the package.
      "supabase-tosspayments-client/react": here(
        "../../packages/client/src/react.ts",
      ),
      "supabase-tosspayments-client/names": here(
        "../../packages/client/src/names.ts",
      ),
      "supabase-tosspayments-client": here(
        "../../packages/client/src/index.ts",
      ),
    },
    // The client's folder has no packages of its own.
    dedupe: ["react", "@supabase/supabase-js"],
  },
  server: {
    // `npx -y deno task dev` answers what the page asks of its own address.
    proxy: { "/config.json": "http://127.0.0.1:54390" },
  },
});
