import assert from "node:assert/strict";
import { observeEvents } from "./states/event-moves.ts";
import { observeOperations } from "./states/operation-moves.ts";
import { NOTHING, observeOrders } from "./states/order-moves.ts";
import { codesOf, fencesOf, tableNamed } from "./support/markdown.ts";
import { readProjectFile } from "./support/pages.ts";
import { shopTests } from "../support/shop-test.ts";

// The scenes are made of rows that no Toss knows.
const test = shopTests({}, () => Promise.resolve());

const PAGES = ["docs/states.md", "docs/states.ko.md"];

/** Made by decline_charge, which belongs to subscriptions and is tested with them. */
const BY_DECLINED_CHARGE = "pending → failed";

const NO_MOVE = "–";

/** The arrows of a diagram, without those from the start. */
function arrowsOf(page: string, name: string): string[] {
  const diagram = fencesOf(page)
    .find(({ marker }) => marker === `generated: ${name}-diagram`);
  assert.ok(diagram, `no diagram ${name}`);
  return Array.from(
    diagram.code.matchAll(/^\s+(\w+) --> (\w+):/gm),
    ([, from, to]) => `${from} → ${to}`,
  );
}

function assertDrawn(
  page: string,
  name: string,
  moves: readonly string[],
): void {
  const arrows = arrowsOf(page, name);
  assert.deepEqual(
    arrows.filter((arrow) => !moves.includes(arrow)),
    [],
    `${name}: drawn, and never happens`,
  );
  const states = new Set(moves.flatMap((move) => move.split(" → ")));
  states.delete(NOTHING);
  const drawn = new Set(arrows.flatMap((arrow) => arrow.split(" → ")));
  assert.deepEqual([...drawn].sort(), [...states].sort(), `${name}: states`);
}

/** A table of events × states as moves by row; the first column may be in any language. */
function rowsOf(page: string, name: string): Record<string, string>[] {
  const [head = [], ...rows] = tableNamed(page, name);
  const states = head.flatMap(codesOf);
  return rows.map(([, ...cells]) =>
    Object.fromEntries(
      states.map((state, index) => [state, cells[index] ?? ""]),
    )
  );
}

/** What was observed in the form of the table. */
function expectedRows(
  observed: Record<string, Record<string, string>>,
): Record<string, string>[] {
  return Object.values(observed).map((row) =>
    Object.fromEntries(
      Object.entries(row).map((
        [from, to],
      ) => [from, from === to ? NO_MOVE : to]),
    )
  );
}

function movesIn(observed: Record<string, Record<string, string>>): string[] {
  return Object.values(observed).flatMap((row) =>
    Object.entries(row).filter(([from, to]) => from !== to)
      .map(([from, to]) => `${from} → ${to}`)
  );
}

test("docs/states.md has every move of orders and payments, and no other", async ({ stack: { sql } }) => {
  const { orders, payments } = await observeOrders(sql);
  const orderMoves = [...orders.list(), BY_DECLINED_CHARGE].sort();
  for (const path of PAGES) {
    const page = await readProjectFile(path);
    const [, ...orderRows] = tableNamed(page, "order");
    const [, ...paymentRows] = tableNamed(page, "payment");

    assert.deepEqual(
      orderRows.map(([from = "", to = ""]) =>
        `${codesOf(from)[0]} → ${codesOf(to)[0]}`
      ).sort(),
      orderMoves,
    );
    assert.deepEqual(
      paymentRows.flatMap(([from = "", to = ""]) =>
        codesOf(to).map((next) => `${codesOf(from)[0] ?? from} → ${next}`)
      ).sort(),
      payments.list(),
    );
    assertDrawn(page, "order", orderMoves);
    assertDrawn(page, "payment", payments.list());
  }
});

test("docs/states.md says what every event makes of every operation", async ({ stack: { sql } }) => {
  const observed = await observeOperations(sql);
  for (const path of PAGES) {
    const page = await readProjectFile(path);
    assert.deepEqual(rowsOf(page, "operation"), expectedRows(observed));
    assertDrawn(page, "operation", movesIn(observed));
  }
  const [, ...rows] = tableNamed(
    await readProjectFile("docs/states.md"),
    "operation",
  );
  assert.deepEqual(rows.map(([name]) => name), Object.keys(observed));
});

test("docs/states.md says what every event makes of every inbox row", async ({ stack: { sql } }) => {
  const observed = await observeEvents(sql);
  for (const path of PAGES) {
    const page = await readProjectFile(path);
    assert.deepEqual(rowsOf(page, "event"), expectedRows(observed));
    assertDrawn(page, "event", movesIn(observed));
  }
  const [, ...rows] = tableNamed(
    await readProjectFile("docs/states.md"),
    "event",
  );
  assert.deepEqual(rows.map(([name]) => name), Object.keys(observed));
});

test("docs/states.md knows every state that the database knows", async ({ stack: { sql } }) => {
  const constraints = {
    order: "orders_status_known",
    payment: "payments_status_known",
    operation: "operations_state_known",
    event: "webhook_events_status_known",
    charge: "subscription_charges_status_known",
  };
  const page = await readProjectFile("docs/states.md");
  for (const [name, constraint] of Object.entries(constraints)) {
    const [row] = await sql<{ definition: string }[]>`
      select pg_get_constraintdef(oid) as definition
      from pg_constraint where conname = ${constraint}`;
    const known = Array.from(
      (row?.definition ?? "").matchAll(/'(\w+)'::text/g),
      ([, state = ""]) => state,
    );
    const drawn = arrowsOf(page, name).flatMap((arrow) => arrow.split(" → "));
    if (name === "charge") {
      // A charge is claimed in the transaction that makes its row.
      drawn.push("pending");
    }
    assert.deepEqual([...new Set(drawn)].sort(), known.sort(), name);
  }
});
