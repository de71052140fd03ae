import { z } from "zod";
import { story } from "../../supabase/functions/_shared/story/story.ts";

/** The JSON Schema of what `toss order --json` prints. */
export function storySchema(): Record<string, unknown> {
  return {
    title: "One order's story, as `toss order --json` prints it",
    ...z.toJSONSchema(story),
  };
}
