/** Only who has paid comes here: the proxy asks `user_plans` first. */
export default function MembersPage() {
  return <h1>회원 전용</h1>;
}
