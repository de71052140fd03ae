import type { Metadata } from "next";
import Link from "next/link";
import type { ReactNode } from "react";

export const metadata: Metadata = { title: "상점" };

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="ko">
      <body>
        <nav>
          <Link href="/">상품</Link> <Link href="/plans">요금제</Link>{" "}
          <Link href="/members">회원</Link>
        </nav>
        <main>{children}</main>
      </body>
    </html>
  );
}
