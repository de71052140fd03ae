import { signIn } from "../actions";

export default function SignInPage() {
  return (
    <form action={signIn}>
      <h1>로그인</h1>
      <label>
        이메일 <input name="email" type="email" required />
      </label>
      <label>
        비밀번호{" "}
        <input name="password" type="password" required minLength={8} />
      </label>
      <button type="submit">계속하기</button>
    </form>
  );
}
