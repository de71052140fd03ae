interface ImportMetaEnv {
  readonly VITE_SUPABASE_URL?: string;
  readonly VITE_SUPABASE_PUBLISHABLE_KEY?: string;
  readonly VITE_TOSS_SDK_URL?: string;
  readonly VITE_TOSS_UI?: string;
}
