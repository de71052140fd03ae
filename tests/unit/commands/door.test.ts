import assert from "node:assert/strict";
import { UsageError } from "../../../scripts/door/errors.ts";
import { nearest } from "../../../scripts/door/nearest.ts";
import {
  argument,
  flag,
  listOf,
  oneOf,
  rowId,
  text,
  time,
  wholeNumber,
  withDefault,
} from "../../../scripts/door/options.ts";
import { parseOptions } from "../../../scripts/door/parse-options.ts";

const OPTIONS = {
  dryRun: flag("show it"),
  limit: withDefault(wholeNumber("how many", { from: 1, to: 500 }), 300),
  order: text("<orderId>", "this one"),
  asOf: time("then"),
  subscription: rowId("this one", "a subscription's id"),
  status: oneOf("<status>", ["dead", "failed"], "one of them"),
  sizes: listOf(wholeNumber("how large", { from: 1 })),
  what: argument(oneOf("<what>", ["all", "stack"], "which")),
};

Deno.test("parseOptions() reads every kind, and takes the default of what is not given", () => {
  assert.deepEqual(parseOptions(OPTIONS, []), {
    dryRun: false,
    limit: 300,
    order: undefined,
    asOf: undefined,
    subscription: undefined,
    status: undefined,
    sizes: undefined,
    what: undefined,
  });
  const id = "0193b1f6-0000-7000-8000-000000000000";
  const given = parseOptions(OPTIONS, [
    ...["--dry-run", "--limit", "7", "--order=--odd", "stack"],
    ...["--as-of", "2027-01-01T00:00:00+09:00", "--subscription", id],
    ...["--status", "dead", "--sizes", "1, 20"],
  ]);
  assert.deepEqual(given, {
    dryRun: true,
    limit: 7,
    order: "--odd",
    asOf: "2027-01-01T00:00:00+09:00",
    subscription: id,
    status: "dead",
    sizes: [1, 20],
    what: "stack",
  });
});

for (
  const [said, ...args] of [
    ["Unknown option '--dryrun': did you mean --dry-run?", "--dryrun"],
    ["Unknown option '-y'", "-y"],
    ["Unexpected argument 'more'", "all", "more"],
    ["<what> must be one of all, stack", "everything"],
    ["--dry-run takes no value", "--dry-run=no"],
    ["--limit needs a value: --limit <n>", "--limit"],
    ["--limit needs a value: --limit <n>", "--limit", "--dry-run"],
    ["--limit must be a whole number from 1 to 500", "--limit", "0"],
    ["--limit must be a whole number from 1 to 500", "--limit=-1"],
    ["--sizes must be a whole number from 1", "--sizes", "1,x"],
    ["--status must be one of dead, failed", "--status", "late"],
    ["--subscription must be a subscription's id", "--subscription", "x"],
  ] as const
) {
  Deno.test(`parseOptions() answers ${args.join(" ")} with ${said}`, () => {
    assert.throws(
      () => parseOptions(OPTIONS, [...args]),
      (error: unknown) => {
        assert.ok(error instanceof UsageError);
        assert.equal(error.message, said);
        return true;
      },
    );
  });
}

Deno.test("nearest() knows what is probably meant, and nothing when nothing is near", () => {
  const words = ["charge", "replay", "rotate-keys", "status"];
  assert.equal(nearest("chrage", words), "charge");
  assert.equal(nearest("rotate-key", words), "rotate-keys");
  assert.equal(nearest("delete", words), null);
});
