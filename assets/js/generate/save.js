/** Saving what Generate shows. */

import { number } from "../engine/numbers.js";
import { provenance, saveCodes } from "../shared/files.js";
import { heading, saveSheet } from "../shared/sheet.js";
import { COLUMNS } from "./hundred.js";

/** @import { Hundred } from "./hundred.js" */

/** @param {Hundred} hundred */
const fileName = ({ run, cursor }) => `${run.about.name}-epoch-${cursor.epoch}`;

/** The chosen image. @param {Hundred} hundred */
export function saveOne(hundred) {
  const { run, cursor, out } = hundred;
  const title = [heading(run.about, cursor.epoch), hundred.chosenWords()];
  saveSheet(`${fileName(hundred)}.png`, [out], run.imageShape, 1, { title });
}

/** @param {Hundred} hundred @param {string} kind "png", "csv" or "json" */
export function saveAll(hundred, kind) {
  const { run, cursor, codes, noiseSeed: seed, around } = hundred;
  const { source, temperature } = hundred.settings;
  const name = `${fileName(hundred)}-${source}-seed-${seed}.${kind}`;
  if (kind === "png") {
    const what = source === "posterior" ? "codes around those of test images" : "codes from N(0, I)";
    const words = `Decoded: ${codes.length} ${what}, temperature ${number(temperature)}, seed ${seed}`;
    const rows = codes.flatMap((_, tile) => (tile % COLUMNS ? [] : [String(tile + 1)]));
    const title = [heading(run.about, cursor.epoch), words];
    saveSheet(name, hundred.mosaic.finished(), run.imageShape, COLUMNS, { title, rows });
    return;
  }
  const named = codes.map((z, tile) => {
    const image = source === "posterior" ? `, around test image ${run.indices[around[tile]]}` : "";
    return { name: `image ${tile + 1}${image}`, z };
  });
  saveCodes(name, named, { ...provenance(run.about, cursor.epoch), source, seed, temperature });
}
