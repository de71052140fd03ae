/** How an operator command finds its project, for the help. */
export const WHICH_PROJECT =
  "Without SUPABASE_URL and SUPABASE_SECRET_KEY in the environment, the local stack that runs now is used.";

/** How to choose among several local stacks, for the help. */
export const WHICH_STACK =
  "With several local stacks, PORT or DB_DIR says which one.";
