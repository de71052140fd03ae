import type { Shop } from "./shop.ts";

/** Deletes an account, as Auth does; every row of ours stays. */
export async function deleteUser(
  { stack }: Shop,
  { id }: { id: string },
): Promise<void> {
  await stack.sql`delete from auth.users where id = ${id}`;
}
