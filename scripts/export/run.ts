import { z } from "zod";
import { askAboutPerson } from "../project/person.ts";
import type { Options } from "./command.ts";

const exported = z.object({
  outcome: z.literal("exported"),
  data: z.record(z.string(), z.unknown()),
});

/** Prints the rows; 0 when somebody is known by the id. */
export async function run({ id }: Options): Promise<number> {
  const { data } = await askAboutPerson("export_person", { id }, exported);
  console.log(JSON.stringify(data, null, 2));
  return 0;
}
