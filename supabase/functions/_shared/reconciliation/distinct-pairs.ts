import { type KeyPairs, TOSS_KEYS, type TossKeys } from "../toss/key-pairs.ts";

/** One list for each key: two names of one pair would be read twice. */
export function distinctPairs(pairs: KeyPairs): TossKeys[] {
  const secretKeys = new Set<string>();
  return TOSS_KEYS.filter((keys) => {
    const secretKey = pairs[keys]?.secretKey;
    if (secretKey === undefined || secretKeys.has(secretKey)) return false;
    secretKeys.add(secretKey);
    return true;
  });
}
