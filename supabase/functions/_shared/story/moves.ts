import type { StoryRows } from "../database/story.ts";
import { won } from "./words.ts";

/** A line of the audit log as a sentence: what moved, from what to what, and who made it. */
export function describeMove(move: StoryRows["moves"][number]): string {
  const path = move.to === null
    ? ""
    : move.from === null
    ? ` ${move.to}`
    : ` ${move.from} → ${move.to}`;
  const of = move.amount === null ? "" : `, ${won(move.amount)}`;
  const code = move.code === null ? "" : `, ${move.code}`;
  return `${move.event.replaceAll("_", " ")}${path}${of}${code} ` +
    `(${move.source})`;
}
