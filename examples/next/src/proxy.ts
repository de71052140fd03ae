import { createServerClient } from "@supabase/ssr";
import { type NextRequest, NextResponse } from "next/server";
import { createTossPayments } from "supabase-tosspayments-client";
import { MEMBERS_PLAN, SUPABASE } from "@/lib/settings";

/** Refreshes the session, and lets nobody past who has not paid. */
export async function proxy(request: NextRequest): Promise<NextResponse> {
  let response = NextResponse.next({ request });
  const supabase = createServerClient(SUPABASE.url, SUPABASE.publishableKey, {
    cookies: {
      getAll: () => request.cookies.getAll(),
      setAll(changed) {
        for (const { name, value } of changed) request.cookies.set(name, value);
        response = NextResponse.next({ request });
        for (const { name, value, options } of changed) {
          response.cookies.set(name, value, options);
        }
      },
    },
  });
  const { data: { user } } = await supabase.auth.getUser();
  if (!request.nextUrl.pathname.startsWith("/members")) return response;

  const redirect = (path: string) => {
    const answer = NextResponse.redirect(new URL(path, request.url));
    for (const cookie of response.cookies.getAll()) answer.cookies.set(cookie);
    return answer;
  };
  if (user === null) return redirect("/sign-in");
  const mayRead = await createTossPayments(supabase).hasAccess(MEMBERS_PLAN);
  return mayRead ? response : redirect("/plans");
}

export const config = {
  matcher: ["/((?!_next/static|_next/image|favicon.ico).*)"],
};
