/** As much of JSON Schema as our schemas use. */
export interface TypedSchema {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: TypedSchema[];
  oneOf?: TypedSchema[];
  items?: TypedSchema;
  properties?: Record<string, TypedSchema>;
  required?: string[];
  description?: string;
  additionalProperties?: TypedSchema | boolean;
}

/** How the types are written. */
export interface TypeStyle {
  /** Whether what may be missing may be `undefined` as well, as callers write it. */
  orUndefined?: boolean;
  /** Whether descriptions stand above their fields. */
  described?: boolean;
}

const UNION = " | ";

/** The TypeScript type of what a schema lets pass. */
export function typeOfSchema(
  schema: TypedSchema,
  indent = "",
  style: TypeStyle = {},
): string {
  const union = (schemas: readonly TypedSchema[]) => {
    const types = new Set(
      schemas.map((one) => typeOfSchema(one, indent, style)),
    );
    return [...types].filter((type) =>
      // A text among all texts says nothing more.
      !(types.has("string") && type.startsWith('"'))
    ).join(UNION);
  };
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) {
    return schema.enum.map((value) => JSON.stringify(value)).join(UNION);
  }
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) return union(alternatives);
  if (Array.isArray(schema.type)) {
    return union(schema.type.map((type) => ({ ...schema, type })));
  }
  switch (schema.type) {
    case "integer":
      return "number";
    case "array":
      return `(${typeOfSchema(schema.items ?? {}, indent, style)})[]`;
    case "object":
      return objectType(schema, indent, style);
    case "string":
    case "number":
    case "boolean":
    case "null":
      return schema.type;
    default:
      return "unknown";
  }
}

function objectType(
  { properties = {}, required = [], additionalProperties }: TypedSchema,
  indent: string,
  style: TypeStyle,
): string {
  const entries = Object.entries(properties);
  if (entries.length === 0) {
    const values = typeof additionalProperties === "object"
      ? typeOfSchema(additionalProperties, indent, style)
      : "unknown";
    return `Record<string, ${values}>`;
  }
  const inner = `${indent}  `;
  const lines = entries.map(([name, schema]) => {
    const type = typeOfSchema(schema, inner, style);
    const comment = style.described && schema.description
      ? `${inner}/** ${schema.description}${
        /[.?]$/.test(schema.description) ? "" : "."
      } */\n`
      : "";
    return required.includes(name)
      ? `${comment}${inner}${name}: ${type};\n`
      : `${comment}${inner}${name}?: ${type}${
        style.orUndefined ? " | undefined" : ""
      };\n`;
  });
  return `{\n${lines.join("")}${indent}}`;
}
