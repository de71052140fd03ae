/** A reason not to go on, in words for the person who runs the command. */
export class StopError extends Error {
  override name = "StopError";
}

/** Wrong options; where the help is goes with it. */
export class UsageError extends Error {
  override name = "UsageError";
}
