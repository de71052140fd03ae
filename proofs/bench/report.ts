import type { Spread } from "./contest.ts";

/** One line of the report: what, and how it came out. */
export interface Line {
  what: string;
  value: string;
}

/** A part of the report; what of it has to hold is named when it does not. */
export interface Part {
  name: string;
  lines: Line[];
  /** The figures behind the lines. */
  figures: unknown;
  broken: string[];
}

/** Middle with least and greatest. */
export function told(
  { median, minimum, maximum }: Spread,
  unit: string,
  digits = 0,
): string {
  const [middle, least, most] = [median, minimum, maximum]
    .map((value) => value.toFixed(digits));
  return `${middle} ${unit} (${least} to ${most})`;
}

/** The machine, as far as it decides the figures. */
export function rig(): string {
  const { major } = Deno.version.deno.match(/^(?<major>\d+\.\d+)/)?.groups ??
    {};
  let processor = Deno.build.arch as string;
  let cores = navigator.hardwareConcurrency;
  try {
    const text = Deno.readTextFileSync("/proc/cpuinfo");
    processor = /model name\s*:\s*(.*)/.exec(text)?.[1] ?? processor;
  } catch {
    cores = navigator.hardwareConcurrency;
  }
  return `${cores} cores (${processor}), Postgres 17, Deno ${major}; load average ${
    Deno.loadavg().map((load) => load.toFixed(1)).join(", ")
  }`;
}

/** The report as Markdown. */
export function asMarkdown(parts: readonly Part[]): string {
  return parts.flatMap(({ name, lines }) => [
    `### ${name}`,
    "",
    "| What | Median (least to greatest) |",
    "| --- | ---: |",
    ...lines.map(({ what, value }) => `| ${what} | ${value} |`),
    "",
  ]).join("\n");
}
