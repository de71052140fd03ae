import type { Simulator } from "../../simulator/simulator.ts";

/** Calls the control API; the JSON is undefined where there is no body. */
export async function control(
  simulator: Simulator,
  route: string,
  body?: unknown,
) {
  const [method = "GET", path = ""] = route.split(" ");
  const response = await fetch(`${simulator.url}/__simulator${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    json: text === "" ? undefined : JSON.parse(text),
  };
}
