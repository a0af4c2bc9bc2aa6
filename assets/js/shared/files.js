/** Saving to files. */

import { csvRow } from "../engine/csv.js";
import { make } from "./elements.js";

/** @param {{name: string, objective: object}} about a run @returns {object} what saved codes say of it: run, β or capacity, and epoch */
export const provenance = (about, epoch) => ({ run: about.name, ...about.objective, epoch });

/** Offer bytes as a file under a name. */
export function save(name, parts, type) {
  const address = URL.createObjectURL(new Blob(parts, { type }));
  const link = make("a", "", "", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/**
 * Save codes as JSON, or as CSV with a column a dimension. What is said about all of them stands in columns of its own there.
 * @param {{name: string, z: ArrayLike<number>}[]} codes @param {Object<string, string|number>} about
 */
export function saveCodes(name, codes, about) {
  if (name.endsWith(".json")) {
    const rows = codes.map(({ name: label, z }) => ({ name: label, z: Array.from(z) }));
    save(name, [JSON.stringify({ ...about, codes: rows }, null, 1)], "application/json");
    return;
  }
  const head = [...Object.keys(about), "name", ...Array.from(codes[0].z, (_, dimension) => `z${dimension}`)];
  const rows = codes.map(({ name: label, z }) => [...Object.values(about), label, ...z]);
  save(name, [head, ...rows].map(csvRow), "text/csv");
}
