import { join } from "node:path";
import ts from "typescript";

const { ModuleKind, ModuleResolutionKind, ScriptTarget } = ts;

const ALWAYS: ts.CompilerOptions = {
  skipLibCheck: true,
  noEmit: true,
  strict: true,
  // A page has no Node.
  types: [],
  module: ModuleKind.ESNext,
  moduleResolution: ModuleResolutionKind.Bundler,
  jsx: ts.JsxEmit.ReactJSX,
};

/** The compiler options of today's templates, and of both of them together with what a careful shop adds. */
export const TEMPLATES: Readonly<Record<string, ts.CompilerOptions>> = {
  // create-vite 9.3, template react-ts; and what its 8 had besides.
  Vite: {
    ...ALWAYS,
    target: ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts", "lib.dom.d.ts"],
    allowArbitraryExtensions: true,
    allowImportingTsExtensions: true,
    verbatimModuleSyntax: true,
    moduleDetection: ts.ModuleDetectionKind.Force,
    noUnusedLocals: true,
    noUnusedParameters: true,
    erasableSyntaxOnly: true,
    noFallthroughCasesInSwitch: true,
    noUncheckedSideEffectImports: true,
  },
  // create-next-app 16.4, template app/ts.
  Next: {
    ...ALWAYS,
    target: ScriptTarget.ES2017,
    lib: ["lib.dom.d.ts", "lib.dom.iterable.d.ts", "lib.esnext.d.ts"],
    allowJs: true,
    esModuleInterop: true,
    resolveJsonModule: true,
    isolatedModules: true,
  },
  "a strict shop": {
    ...ALWAYS,
    target: ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts", "lib.dom.d.ts"],
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noImplicitOverride: true,
    noImplicitReturns: true,
    noPropertyAccessFromIndexSignature: true,
  },
};

/**
 * Compiles the files of a page as a shop would that has copied them.
 *
 * @param files text by name
 * @param project where they are written; what it has installed is found
 * @returns what the compiler finds, one line each
 */
export async function compile(
  files: ReadonlyMap<string, string>,
  options: ts.CompilerOptions,
  { folder }: { folder: string },
): Promise<string[]> {
  const paths = [...files.keys()].map((name) => join(folder, name));
  for (const [name, text] of files) {
    await Deno.writeTextFile(join(folder, name), text);
  }
  const program = ts.createProgram(paths, options);
  return ts.getPreEmitDiagnostics(program).map((
    { messageText, file, code },
  ) =>
    `${file?.fileName.slice(folder.length + 1) ?? ""} TS${code} ${
      ts.flattenDiagnosticMessageText(messageText, "\n")
    }`
  );
}
