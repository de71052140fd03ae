import { z } from "zod";
import { RELATION_ACCESS } from "../support/relation-access.ts";

/** What `supabase db advisors` answers, as far as it is looked at. */
export const advisorAnswer = z.looseObject({
  results: z.array(z.looseObject({
    name: z.string(),
    level: z.string(),
    detail: z.string(),
    metadata: z.looseObject({
      schema: z.string().optional(),
      name: z.string().optional(),
    }),
  })),
});

/** One finding; `name` is the rule, for example `unused_index`. */
export type Finding = z.output<typeof advisorAnswer>["results"][number];

/** Findings that are no fault here. */
export interface AdvisorException {
  rule: string;
  reason: string;
  covers(finding: Finding): boolean;
}

/**
 * Each with its reason; the rehearsal fails when one covers nothing any more.
 *
 * The CLI's rules are splinter's up to 0024. Of the later ones, 0028 and 0029 (who may execute a function that runs
 * with its owner's rights) are asked by supabase/tests/030_functions_test.sql; the others are about storage buckets
 * and pg_graphql, which this project does not use.
 */
export const ADVISOR_EXCEPTIONS: AdvisorException[] = [
  {
    rule: "unused_index",
    reason: "The database has just been made, so nothing has used an index.",
    covers: () => true,
  },
  {
    rule: "rls_enabled_no_policy",
    reason:
      "No policy is the policy: no user reads these tables, only the service role or our functions do.",
    covers: ({ metadata: { schema, name } }) =>
      ["service", "closed"].includes(
        RELATION_ACCESS.get(`${schema}.${name}`) ?? "",
      ),
  },
];
