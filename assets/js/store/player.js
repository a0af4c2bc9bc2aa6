/**
 * The invisible component that the Clusters page mounts: takes the page in which a film plays alone, for whoever saves one. It
 * never changes, and so it travels once and not with the data of the map.
 */

/** @import { Mount } from "../shared/mounting.js" */

/** @param {Mount<string>} mount */
export default function player({ data }) {
  if (data) globalThis.betaVaePlayer = data[0];
}
