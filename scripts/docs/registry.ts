const SHOP = "examples/shop/src";
const CLIENT = "supabase-tosspayments-client";

interface Block {
  title: string;
  description: string;
}

/** The blocks by name: the components of the example shop, and what each is for. */
const BLOCKS: Readonly<Record<string, Block>> = {
  checkout: {
    title: "Checkout",
    description: "Pays for an order by the payment widget or the window.",
  },
  "payment-result": {
    title: "Payment result",
    description: "The success page and the fail page.",
  },
  "virtual-account": {
    title: "Virtual account",
    description: "Where to transfer the money, until it has arrived.",
  },
  pricing: {
    title: "Pricing",
    description: "The plans side by side, the total first.",
  },
  subscribe: {
    title: "Subscribe",
    description: "A plan with a registered card or another one.",
  },
  "my-page": {
    title: "My page",
    description: "Orders, receipts, withdrawals, subscription, cards.",
  },
  consent: {
    title: "Consent",
    description: "Asks before a trial costs and before a price rises.",
  },
  operator: {
    title: "Operator",
    description: "Orders and refunds, by a server action of the shop.",
  },
};

const IMPORT = /from "([^"]+)"/g;

/** The file that `@/…` names, from the project's root. */
async function fileOf(specifier: string): Promise<string> {
  for (const ending of [".tsx", ".ts"]) {
    const path = specifier.replace("@", SHOP) + ending;
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
  throw new Error(`${specifier} is nowhere in ${SHOP}`);
}

/** A block's own files, and by name what it takes from shadcn and from npm. */
async function closureOf(main: string) {
  const files = new Set<string>();
  const components = new Set<string>();
  const packages = new Set<string>();
  const waiting = [main];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (files.has(path)) continue;
    files.add(path);
    const text = await Deno.readTextFile(path);
    for (const [, specifier = ""] of text.matchAll(IMPORT)) {
      const [, ui] = /^@\/components\/ui\/(.+)$/.exec(specifier) ?? [];
      if (ui) components.add(ui);
      else if (specifier.startsWith("@/")) {
        waiting.push(await fileOf(specifier));
      } else if (specifier.startsWith(CLIENT)) packages.add(CLIENT);
      else if (specifier !== "react") packages.add(specifier);
    }
  }
  return {
    files: [...files].sort(),
    components: [...components].sort(),
    packages: [...packages].sort(),
  };
}

async function itemOf([name, block]: [string, Block]) {
  const { files, components, packages } = await closureOf(
    `${SHOP}/components/tosspayments/${name}.tsx`,
  );
  return {
    name,
    type: "registry:component",
    ...block,
    dependencies: [...packages, "@supabase/supabase-js"],
    registryDependencies: components,
    files: files.map((path) => {
      const target = path.slice(SHOP.length + 1);
      const type = target.startsWith("lib/")
        ? "registry:lib"
        : "registry:component";
      return { path, type, target };
    }),
  };
}

/** The shadcn registry: each block is the example shop's own component, with the files that it imports. */
export async function registry(): Promise<string> {
  const description = {
    $schema: "https://ui.shadcn.com/schema/registry.json",
    name: "supabase-tosspayments",
    homepage: "docs/frontend.md",
    items: await Promise.all(Object.entries(BLOCKS).map(itemOf)),
  };
  return JSON.stringify(description, null, 2) + "\n";
}
