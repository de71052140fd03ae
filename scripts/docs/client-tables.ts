import { loadModule, parseSync } from "libpg-query";
import { readChapters } from "../schema/chapters.ts";

type Name = { String: { sval: string } };

interface Relation {
  schemaname?: string;
  relname: string;
}

interface Constraint {
  contype: string;
  conname?: string;
  fk_attrs?: Name[];
  pk_attrs?: Name[];
  pktable?: Relation;
  raw_expr?: {
    A_Expr?: {
      kind: string;
      lexpr: { ColumnRef?: { fields: Name[] } };
      rexpr: { List?: { items: { A_Const?: { sval?: { sval: string } } }[] } };
    };
  };
}

interface ColumnDefinition {
  colname: string;
  typeName: { names: Name[] };
  constraints?: { Constraint: Constraint }[];
}

/** What of Postgres's parse tree says how tables look and who reads them. */
interface Tree {
  stmts?: {
    stmt: {
      CreateStmt?: {
        relation: Relation;
        tableElts: { ColumnDef?: ColumnDefinition; Constraint?: Constraint }[];
      };
      AlterTableStmt?: {
        relation: Relation;
        cmds: { AlterTableCmd: { def?: { Constraint?: Constraint } } }[];
      };
      GrantStmt?: {
        is_grant?: boolean;
        objtype: string;
        objects: { RangeVar: Relation }[];
        grantees: { RoleSpec: { rolename?: string } }[];
      };
    };
  }[];
}

interface Column {
  name: string;
  type: string;
  nullable: boolean;
}

interface Reference {
  name: string;
  column: string;
  table: string;
  referenced: string;
}

interface Table {
  columns: Column[];
  references: Reference[];
}

const TYPES: Readonly<Record<string, string>> = {
  text: "string",
  uuid: "string",
  timestamptz: "string",
  date: "string",
  int4: "number",
  int8: "number",
  numeric: "number",
  bool: "boolean",
  jsonb: "Json",
};

/** Views have no columns in the grammar; a test compares them with the database's. */
const VIEWS: Readonly<Record<string, readonly Column[]>> = {
  user_plans: [
    { name: "user_id", type: "string", nullable: true },
    { name: "plan", type: "string", nullable: true },
    {
      name: "status",
      type:
        '"active" | "trialing" | "past_due" | "scheduled" | "expired" | "canceled"',
      nullable: true,
    },
    { name: "next_billing_date", type: "string", nullable: true },
  ],
};

const nameOf = (name: Name | undefined) => name?.String.sval ?? "";

/** The texts that `check (column in ('a', 'b'))` allows; null for any other check. */
function allowedTexts(
  { raw_expr }: Constraint,
): { column: string; type: string } | null {
  const expression = raw_expr?.A_Expr;
  if (expression?.kind !== "AEXPR_IN") return null;
  const column = nameOf(expression.lexpr.ColumnRef?.fields[0]);
  const texts = expression.rexpr.List?.items
    .map(({ A_Const }) => A_Const?.sval?.sval) ?? [];
  if (column === "" || texts.includes(undefined)) return null;
  return {
    column,
    type: texts.map((text) => JSON.stringify(text)).join(" | "),
  };
}

class Tables {
  readonly #tables = new Map<string, Table>();
  /** The relations of the served schema that a signed-in user reads. */
  readonly readable: string[] = [];

  get(relation: Relation): Table {
    const key = `${relation.schemaname ?? "public"}.${relation.relname}`;
    const known = this.#tables.get(key);
    if (known !== undefined) return known;
    const table: Table = { columns: [], references: [] };
    this.#tables.set(key, table);
    return table;
  }

  read({ stmts = [] }: Tree): void {
    for (const { stmt: { CreateStmt, AlterTableStmt, GrantStmt } } of stmts) {
      if (CreateStmt) this.#create(CreateStmt);
      for (const { AlterTableCmd } of AlterTableStmt?.cmds ?? []) {
        const constraint = AlterTableCmd.def?.Constraint;
        if (AlterTableStmt && constraint) {
          this.#constrain(AlterTableStmt.relation, constraint);
        }
      }
      if (!GrantStmt?.is_grant || GrantStmt.objtype !== "OBJECT_TABLE") {
        continue;
      }
      const roles = GrantStmt.grantees.map(({ RoleSpec }) => RoleSpec.rolename);
      if (!roles.includes("authenticated")) continue;
      this.readable.push(
        ...GrantStmt.objects.map(({ RangeVar }) => RangeVar.relname),
      );
    }
  }

  #create(
    { relation, tableElts }: NonNullable<
      NonNullable<Tree["stmts"]>[number]["stmt"]["CreateStmt"]
    >,
  ): void {
    const { columns } = this.get(relation);
    for (const { ColumnDef } of tableElts) {
      if (ColumnDef === undefined) continue;
      const constraints = (ColumnDef.constraints ?? [])
        .map(({ Constraint }) => Constraint);
      const postgres = nameOf(ColumnDef.typeName.names.at(-1));
      columns.push({
        name: ColumnDef.colname,
        type: TYPES[postgres] ?? "unknown",
        nullable: !constraints.some(({ contype }) =>
          ["CONSTR_NOTNULL", "CONSTR_PRIMARY", "CONSTR_IDENTITY"].includes(
            contype,
          )
        ),
      });
      for (const constraint of constraints) {
        this.#constrain(relation, constraint, ColumnDef.colname);
      }
    }
    for (const { Constraint } of tableElts) {
      if (Constraint) this.#constrain(relation, Constraint);
    }
  }

  #constrain(relation: Relation, constraint: Constraint, column?: string) {
    const { columns, references } = this.get(relation);
    const allowed = allowedTexts(constraint);
    const narrowed = columns.find(({ name }) => name === allowed?.column);
    if (allowed && narrowed) narrowed.type = allowed.type;
    if (constraint.contype !== "CONSTR_FOREIGN" || !constraint.pktable) return;
    const from = column ?? nameOf(constraint.fk_attrs?.[0]);
    references.push({
      name: constraint.conname ?? `${relation.relname}_${from}_fkey`,
      column: from,
      table: constraint.pktable.relname,
      referenced: nameOf(constraint.pk_attrs?.[0]),
    });
  }
}

function rowType(columns: readonly Column[]): string {
  return `{\n${
    [...columns].sort((a, b) => a.name < b.name ? -1 : 1).map((
      { name, type, nullable },
    ) => `          ${name}: ${type}${nullable ? " | null" : ""};\n`).join("")
  }        }`;
}

function relationships(
  references: readonly Reference[],
  readable: readonly string[],
): string {
  const shown = references.filter(({ table }) => readable.includes(table));
  return shown.length === 0
    ? "[]"
    : `[\n${
      shown.map(({ name, column, table, referenced }) =>
        `          {
            foreignKeyName: ${JSON.stringify(name)};
            columns: [${JSON.stringify(column)}];
            isOneToOne: false;
            referencedRelation: ${JSON.stringify(table)};
            referencedColumns: [${JSON.stringify(referenced)}];
          },
`
      ).join("")
    }        ]`;
}

function entry(name: string, row: string, more: string): string {
  return `      ${name}: {\n        Row: ${row};\n${more}      };\n`;
}

/** The tables that users read, named as `supabase gen types` names them; what a check allows is a union. */
export async function clientTables(): Promise<string> {
  await loadModule();
  const tables = new Tables();
  for (const { text } of await readChapters()) tables.read(parseSync(text));
  const names = [...new Set(tables.readable)].sort();
  const shown = names.filter((name) => !(name in VIEWS)).map((name) => {
    const { columns, references } = tables.get({ relname: name });
    return entry(
      name,
      rowType(columns),
      `        Insert: never;\n        Update: never;\n        Relationships: ${
        relationships(references, names)
      };\n`,
    );
  });
  const views = names.filter((name) => name in VIEWS).map((name) =>
    entry(name, rowType(VIEWS[name] ?? []), "        Relationships: [];\n")
  );
  return `// Written by \`npx -y deno task docs\` from the chapters of supabase/schemas.

/** Any JSON. */
export type Json =
  | string
  | number
  | boolean
  | null
  | { [key: string]: Json | undefined }
  | Json[];

/** What a signed-in user reads, in the form of \`supabase gen types\`. Nobody but the functions writes. */
export type Database = {
  public: {
    Tables: {
${shown.join("")}    };
    Views: {
${views.join("")}    };
    Functions: Record<never, never>;
    Enums: Record<never, never>;
    CompositeTypes: Record<never, never>;
  };
};

/** A row of a table, for example \`Tables<"orders">\`. */
export type Tables<
  Name extends
    | keyof Database["public"]["Tables"]
    | keyof Database["public"]["Views"],
> = (Database["public"]["Tables"] & Database["public"]["Views"])[Name]["Row"];
`;
}
