/**
 * What is set of an environment: every value without the white space around it, which dashboards, editors and shells
 * add unseen. A value of nothing else counts as unset.
 *
 * Every reader of the environment goes through here, the commands as well, so that none takes for another value what
 * the others take for the same.
 */
export function givenValues(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [name, value = ""] of Object.entries(environment)) {
    const text = value.trim();
    if (text !== "") given[name] = text;
  }
  return given;
}
