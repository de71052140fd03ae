import { combinations, FATES, waysOfRegistration } from "./apply.ts";
import type { Fate } from "./charges.ts";
import { nextEvent } from "./due.ts";
import { concludeOne, openCharges, takeTurn } from "./jobs.ts";
import { finishRegistration } from "./registration.ts";
import type { Model, Subscription } from "./state.ts";
import type { Job } from "./steps.ts";

/** More at a time make too many guesses. */
const MOST_AT_ONCE = 3;

/** What can have become of the periods of one that is due; a run that dies early does not come to a third. */
function turnsOf({ plan }: Subscription): Fate[][] {
  const one = FATES.map((fate) => [fate]);
  const two = FATES.map((fate): Fate[] => ["answered", fate]);
  return plan.catchUp === "all" ? [[], ...one, ...two] : [[], ...one];
}

function dueOf(model: Model, now: number): Subscription[] {
  return model.subscriptions
    .filter((one) => (nextEvent(one) ?? Infinity) <= now)
    .slice(0, MOST_AT_ONCE);
}

function choicesOfEach<Choice>(choices: readonly Choice[][]): Choice[][] {
  return choices.reduce<Choice[][]>(
    (chosen, next) =>
      chosen.flatMap((one) => next.map((choice) => [...one, choice])),
    [[]],
  );
}

function charged(model: Model, now: number): Model[] {
  return choicesOfEach(dueOf(model, now).map(turnsOf)).map((turns) => {
    const guess = structuredClone(model);
    for (const [index, of] of dueOf(guess, now).entries()) {
      for (const fate of turns[index] ?? []) {
        if ((nextEvent(of) ?? Infinity) <= now) {
          takeTurn(guess, of, now, fate);
        }
      }
    }
    return guess;
  });
}

function registered(model: Model, now: number): Model[] {
  if (model.registrations.length === 0) return [model];
  const ways = waysOfRegistration(model).filter(({ stage }) =>
    stage === "done"
  );
  return [
    model,
    ...ways.map((way) => {
      const guess = structuredClone(model);
      const registration = guess.registrations.shift();
      if (registration !== undefined) {
        finishRegistration(guess, registration, { ...way, now });
      }
      return guess;
    }),
  ];
}

/** All that can have become of what a killed run was about. */
export function guessesOfKilledRun(
  model: Model,
  now: number,
  job: Job,
): Model[] {
  const count = Math.min(openCharges(model).length, MOST_AT_ONCE);
  return combinations(count, [false, true]).flatMap((isKnown) => {
    const guess = structuredClone(model);
    for (const [index, open] of openCharges(guess).entries()) {
      if (isKnown[index] === true) concludeOne(guess, open, now);
    }
    return job === "billing" ? charged(guess, now) : registered(guess, now);
  });
}
