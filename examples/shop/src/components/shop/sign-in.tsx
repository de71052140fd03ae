import { type FormEvent, useState } from "react";
import { Alert, AlertTitle } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import { Label } from "@/components/ui/label";
import { useShop } from "@/lib/shop";

const TEXT = {
  ko: {
    title: "로그인",
    text: "구독과 내 페이지는 로그인하고 이용할 수 있어요.",
    visitor: "체험 계정으로 시작하기",
    visitorText: "이 컴퓨터에만 있는 계정을 바로 만들어요.",
    or: "또는 이메일로",
    email: "이메일",
    password: "비밀번호",
    signIn: "로그인",
    signUp: "가입하기",
    failed: "로그인하지 못했어요. 이메일과 비밀번호를 확인해 주세요.",
    sent: "가입 확인 메일을 보냈어요.",
  },
  en: {
    title: "Sign in",
    text: "Subscriptions and your page need an account.",
    visitor: "Start with a trial account",
    visitorText: "Made at once, on this computer alone.",
    or: "Or by e-mail",
    email: "E-mail",
    password: "Password",
    signIn: "Sign in",
    signUp: "Sign up",
    failed: "That did not work. Please check the e-mail and the password.",
    sent: "We have sent you an e-mail to confirm.",
  },
};

/** Signs a buyer in: with Supabase Auth's e-mail and password, and in development with one click. */
export function SignIn() {
  const { supabase, config, locale } = useShop();
  const text = TEXT[locale];
  const [pending, setPending] = useState(false);
  const [told, setTold] = useState<string | null>(null);
  const enter = async (
    how: () => Promise<{ error: unknown; data: { session: unknown } }>,
  ) => {
    setPending(true);
    const { error, data } = await how();
    setPending(false);
    setTold(error ? text.failed : data.session ? null : text.sent);
  };
  const visit = () =>
    enter(() =>
      supabase.auth.signUp({
        email: `visitor-${crypto.randomUUID()}@shop.example`,
        password: crypto.randomUUID(),
      })
    );
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const account = {
      email: String(form.get("email")),
      password: String(form.get("password")),
    };
    const { submitter } = event.nativeEvent as SubmitEvent;
    const isNew = submitter?.getAttribute("value") === "sign-up";
    void enter(() =>
      isNew
        ? supabase.auth.signUp(account)
        : supabase.auth.signInWithPassword(account)
    );
  };
  return (
    <div className="mx-auto flex w-full max-w-sm flex-col gap-6">
      <div>
        <h1 className="text-2xl font-bold tracking-tight">{text.title}</h1>
        <p className="mt-1 text-muted-foreground">{text.text}</p>
      </div>
      {config.links && (
        <div className="flex flex-col gap-2">
          <Button size="lg" disabled={pending} onClick={visit}>
            {text.visitor}
          </Button>
          <p className="text-center text-sm text-muted-foreground">
            {text.visitorText}
          </p>
        </div>
      )}
      <form className="flex flex-col gap-3" onSubmit={submit}>
        {config.links && (
          <p className="text-sm font-semibold text-muted-foreground">
            {text.or}
          </p>
        )}
        <Label>
          {text.email}
          <Input name="email" type="email" autoComplete="email" required />
        </Label>
        <Label>
          {text.password}
          <Input
            name="password"
            type="password"
            autoComplete="current-password"
            minLength={6}
            required
          />
        </Label>
        {told && (
          <Alert>
            <AlertTitle>{told}</AlertTitle>
          </Alert>
        )}
        <div className="grid grid-cols-2 gap-2">
          <Button
            type="submit"
            name="how"
            value="sign-in"
            variant="outline"
            disabled={pending}
          >
            {text.signIn}
          </Button>
          <Button
            type="submit"
            name="how"
            value="sign-up"
            variant="outline"
            disabled={pending}
          >
            {text.signUp}
          </Button>
        </div>
      </form>
    </div>
  );
}
