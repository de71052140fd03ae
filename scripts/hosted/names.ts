/** Under which names Vault holds what `toss_private.wake_worker` reads. */
export const VAULT_NAMES = {
  url: "supabase_tosspayments_url",
  cronSecret: "supabase_tosspayments_cron_secret",
} as const;

/** How the name of every pg_cron job of `toss_private.schedule_jobs` begins. */
export const CRON_JOB_PREFIX = "tosspayments-";
