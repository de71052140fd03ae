/** The addresses that Toss publishes for its webhooks (Toss: 방화벽 설정, 2024-12). */
export const TOSS_WEBHOOK_SENDERS = [
  "13.124.18.147",
  "13.124.108.35",
  "3.36.173.151",
  "3.38.81.32",
  "115.92.221.121",
  "115.92.221.122",
  "115.92.221.123",
  "115.92.221.125",
  "115.92.221.126",
  "115.92.221.127",
] as const;
