/**
 * Bytes over memory of their own, as Web Crypto takes them. Written through a
 * method's result because the hosted runtime's TypeScript knows no type
 * parameter of `Uint8Array`, and today's asks for one.
 */
export type Bytes = ReturnType<Uint8Array["slice"]>;
