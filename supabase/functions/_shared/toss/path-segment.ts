/**
 * Says whether a text can stand in a URL path as one segment.
 *
 * "." and ".." cannot, in no encoding (WHATWG URL, "double-dot URL path
 * segment"): `/v1/payments/../cancel` would call another endpoint. The longest
 * identifier of Toss, an authKey, has 300 characters.
 */
export function isPathSegment(value: string): boolean {
  return value.length > 0 && value.length <= 300 && value !== "." &&
    value !== ".." && !/\p{Surrogate}/u.test(value);
}

/**
 * Percent-encodes an identifier as one segment of a path.
 *
 * @throws RangeError when {@linkcode isPathSegment} is false; whoever takes the
 * value from outside checks that first.
 */
export function pathSegment(value: string): string {
  if (!isPathSegment(value)) {
    throw new RangeError("The identifier cannot be part of a Toss URL");
  }
  return encodeURIComponent(value);
}
