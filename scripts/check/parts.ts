import type { ImportGraph } from "./imports.ts";

/** Where the edge functions stand. */
export const FUNCTIONS = "supabase/functions";

/**
 * The parts of `_shared` (its folders, and the files that stand alone) and what of ours each may import beside itself.
 *
 * Nothing imports what stands below it, so there is no circle.
 */
const PARTS: Record<string, readonly string[]> = {
  toss: [],
  security: [],
  database: [],
  version: [],
  events: [],
  notices: ["toss"],
  config: ["toss", "security", "notices"],
  logger: ["security"],
  services: ["toss", "security", "database", "config", "logger"],
  http: ["toss", "security", "database", "config", "logger", "services"],
  operations: ["toss", "security", "database", "logger", "services"],
  reconciliation: ["toss", "database", "http", "operations"],
  notify: [
    "database",
    "logger",
    "notices",
    "operations",
    "services",
  ],
  webhooks: [
    "toss",
    "security",
    "database",
    "config",
    "services",
    "http",
    "operations",
  ],
  outgoing: [
    "security",
    "database",
    "version",
    "events",
    "logger",
    "services",
    "operations",
  ],
  outbox: ["outgoing", "notify"],
  story: ["toss", "database", "operations"],
};

/** The kinds of operations, and which other kinds each may begin. */
const KINDS: Record<string, readonly string[]> = {
  confirm: [],
  "virtual-account": [],
  cancel: [],
  charge: [],
  "billing-issue": ["charge"],
  "billing-delete": [],
  "cash-receipt": [],
  "cash-receipt-cancel": [],
};

/** The engine's files that know every kind; the others know none. */
const FILES_OF_ALL_KINDS = ["resolve.ts"];

/** What a function's folder holds: wiring only, under the same names everywhere. */
const FILES_OF_A_FUNCTION = [
  "index.ts",
  "handler.ts",
  "request.ts",
  "refusal.ts",
];

/** The part of `_shared` that a path belongs to; null when it is not in `_shared`. */
function partOf(path: string): string | null {
  const name = path.split(`${FUNCTIONS}/_shared/`)[1]?.split("/")[0];
  return name === undefined ? null : name.replace(/\.ts$/, "");
}

/** A kind of operations, or the name of one of the engine's own files; null elsewhere. */
function kindOf(path: string): string | null {
  return path.split(`${FUNCTIONS}/_shared/operations/`)[1]?.split("/")[0] ??
    null;
}

function functionOf(path: string): string {
  return path.slice(FUNCTIONS.length + 1).split("/")[0] ?? "";
}

function kindProblem(file: string, target: string): string | null {
  const [from, to] = [kindOf(file), kindOf(target)];
  if (from === null || to === null || from === to || !(to in KINDS)) {
    return null;
  }
  return FILES_OF_ALL_KINDS.includes(from) || KINDS[from]?.includes(to)
    ? null
    : `${file}: operations/${from} must not know operations/${to}`;
}

function arrowProblem(file: string, target: string): string | null {
  if (!target.startsWith(`${FUNCTIONS}/`)) {
    return `${file}: ${target} is outside ${FUNCTIONS}, so it would not be deployed`;
  }
  const [from, to] = [partOf(file), partOf(target)];
  if (to === null) {
    return functionOf(file) === functionOf(target)
      ? null
      : `${file}: ${target} is another function`;
  }
  if (from === null) return null;
  return from === to || PARTS[from]?.includes(to)
    ? kindProblem(file, target)
    : `${file}: _shared/${from} must not know _shared/${to}`;
}

function placeProblem(file: string): string | null {
  const part = partOf(file);
  if (part !== null) {
    return part in PARTS ? null : `${file}: no part of _shared is called so`;
  }
  const name = file.slice(`${FUNCTIONS}/${functionOf(file)}/`.length);
  return FILES_OF_A_FUNCTION.includes(name)
    ? null
    : `${file}: a function's folder holds ${FILES_OF_A_FUNCTION.join(", ")}`;
}

/** Every import under `supabase/functions` that it must not have, and every file that has no place there. */
export function partProblems(graph: ImportGraph): string[] {
  return [...graph].flatMap(([file, targets]) => [
    placeProblem(file),
    ...targets.map((target) => arrowProblem(file, target)),
  ]).filter((problem) => problem !== null);
}

/** The arrows between the parts of `_shared`, each once. */
export function arrowsOf(graph: ImportGraph): Set<string> {
  const arrows = new Set<string>();
  for (const [file, targets] of graph) {
    const from = partOf(file);
    if (from === null) continue;
    for (const to of targets.map(partOf)) {
      if (to !== null && to !== from) arrows.add(`${from} → ${to}`);
    }
  }
  return arrows;
}
