import { type ClassValue, clsx } from "clsx";

/** Joins classes. None of the shop's contradict each other, so that tailwind-merge is not loaded. */
export function cn(...inputs: ClassValue[]): string {
  return clsx(inputs);
}
