"use server";

import { revalidatePath } from "next/cache";
import { redirect } from "next/navigation";
import { createPayments, createSupabase } from "@/lib/server";

/** Signs in, or up when nobody has the address. */
export async function signIn(form: FormData): Promise<void> {
  const { auth } = await createSupabase();
  const credentials = {
    email: String(form.get("email")),
    password: String(form.get("password")),
  };
  const { error } = await auth.signInWithPassword(credentials);
  if (error && (await auth.signUp(credentials)).error) redirect("/sign-in");
  redirect("/plans");
}

/** Gives notice: access lasts to the end of the period. */
export async function leave(subscriptionId: string): Promise<void> {
  const action = "cancel_at_period_end";
  await (await createPayments()).subscription({ subscriptionId, action });
  revalidatePath("/plans");
}

/** Takes the notice back. */
export async function stay(subscriptionId: string): Promise<void> {
  await (await createPayments()).subscription({
    subscriptionId,
    action: "resume",
  });
  revalidatePath("/plans");
}
