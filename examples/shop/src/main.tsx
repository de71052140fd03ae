import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "@/app";
import "@/index.css";
import { loadConfig } from "@/lib/config";
import { ShopProvider } from "@/lib/shop";

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no #root.");

createRoot(root).render(
  <StrictMode>
    <ShopProvider config={await loadConfig()}>
      <App />
    </ShopProvider>
  </StrictMode>,
);
