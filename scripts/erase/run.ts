import { z } from "zod";
import { askAboutPerson } from "../project/person.ts";
import type { Options } from "./command.ts";

const erasure = z.object({
  outcome: z.enum(["erased", "listed", "refused"]),
  orders: z.number(),
  held: z.record(z.string(), z.number()),
  matters: z.array(z.object({
    matter: z.string(),
    subject: z.string(),
    detail: z.string(),
  })),
});

/** Lists what is held of a person, and with `--yes` erases it; 1 when something keeps it. */
export async function run({ id, yes }: Options): Promise<number> {
  const { outcome, orders, held, matters } = await askAboutPerson(
    "erase_person",
    { id, isConfirmed: yes },
    erasure,
  );
  const places = Object.entries(held).sort();
  const rows = places.reduce((sum, [, count]) => sum + count, 0);
  if (outcome === "refused") {
    for (const { matter, subject, detail } of matters) {
      console.error(`${matter}  ${subject}\n  ${detail}`);
    }
    console.error(
      `Refused: a subscription lives, or money is open. Settle it, then erase again.`,
    );
    return 1;
  }
  for (const [place, count] of places) {
    console.log(`${String(count).padStart(6)}  ${place}`);
  }
  if (outcome === "listed") {
    console.log(
      `${rows} row(s) of ${orders} order(s) and beside them would lose what names the person.` +
        (rows === 0 ? "" : " Nothing was erased: add --yes."),
    );
    return 0;
  }
  console.log(
    rows === 0
      ? "Nothing was left to erase."
      : `Erased: ${rows} row(s) of ${orders} order(s) and beside them. Write the id down outside this database: after a restore it is to be erased again.`,
  );
  return 0;
}
