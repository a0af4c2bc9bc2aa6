/**
 * The invisible component that stands in the place of a run's weights that came before: Python names them, and is told where they
 * are not here, because too many others came since or a rerun overtook them. Small, since it comes at once.
 */

/**
 * @param {{data?: [key: string, part: string]|null, setStateValue: (state: string, value: unknown) => void}} mount key of
 *   the run, and which part of its weights
 */
export default function recall({ data, setStateValue }) {
  if (!data) return;
  const [key, part] = data;
  const run = globalThis.betaVaeLive?.runs.find(key);
  if (!run || (part === "rest" && !run.whole)) setStateValue("missing", Date.now()); // another value than the last
}
