// Next puts these into the bundle only where they are written out.
const url = process.env.NEXT_PUBLIC_SUPABASE_URL;
const publishableKey = process.env.NEXT_PUBLIC_SUPABASE_PUBLISHABLE_KEY;
if (!url || !publishableKey) {
  throw new Error("Copy .env.example to .env.local and fill it in.");
}

/** What reaches the project; both values may be public. */
export const SUPABASE = { url, publishableKey };

/** The simulator's script on a local stack; undefined loads Toss's. */
export const sdkUrl = process.env.NEXT_PUBLIC_TOSS_SDK_URL || undefined;

/** The plan that opens the members' pages. */
export const MEMBERS_PLAN = "basic";
