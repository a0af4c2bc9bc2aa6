/** Saving to files. */

import { csvRow } from "../engine/csv.js";
import { make } from "./elements.js";

/** @import { About } from "../engine/run.js" */

/**
 * What saved codes say of a run: its name, β or capacity, and epoch.
 * @param {Pick<About, "name"|"objective">} about @param {number} epoch
 */
export const provenance = (about, epoch) => ({ run: about.name, ...about.objective, epoch });

/** Offer bytes as a file under a name. @param {string} name @param {BlobPart[]} parts @param {string} type */
export function save(name, parts, type) {
  const address = URL.createObjectURL(new Blob(parts, { type }));
  const link = make("a", "", "", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/**
 * Save codes as JSON, or as CSV with a column a dimension. What is said about all of them stands in columns of its own there.
 * @param {string} name of the file @param {{name: string, z: Iterable<number>}[]} codes
 * @param {Record<string, unknown>} about numbers and texts, and for JSON anything that it can hold
 */
export function saveCodes(name, codes, about) {
  if (name.endsWith(".json")) {
    const rows = codes.map(({ name: label, z }) => ({ name: label, z: Array.from(z) }));
    save(name, [JSON.stringify({ ...about, codes: rows }, null, 1)], "application/json");
    return;
  }
  const head = [...Object.keys(about), "name", ...Array.from(codes[0].z, (_, dimension) => `z${dimension}`)];
  const said = /** @type {(string|number)[]} */ (Object.values(about));
  const rows = codes.map(({ name: label, z }) => [...said, label, ...z]);
  save(name, [head, ...rows].map(csvRow), "text/csv");
}
