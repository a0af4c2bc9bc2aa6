/** Saving what Traverse shows: pictures, and the code itself. */

import { number } from "../engine/numbers.js";
import { cut } from "../shared/classes.js";
import { provenance, saveCodes } from "../shared/files.js";
import { heading, saveFrames, saveSheet } from "../shared/sheet.js";
import { STRIP_VALUES } from "./strip.js";

/** @import { Explorer } from "./explorer.js" */

const GIF_FRAMES = 25; // of one way along the dimension

/** @param {string} what a value of the menu's buttons @param {Explorer} explorer */
export function saveAs(what, explorer) {
  const { run, epoch, z, dimension, grid, cursor } = explorer;
  const { imageShape: shape, about } = run;
  const name = `${about.name}-epoch${epoch}`;
  const along = `${name}-z${dimension}`;
  /** @param {number} value of the dimension */
  const at = (value) => {
    const code = z.slice();
    code[dimension] = value;
    return run.decoder(epoch).decode(code);
  };
  const top = heading(about, epoch);
  const from = startWords(explorer);
  const carried = `${run.meaning.called(epoch, dimension)}, KL ${number(run.kl(epoch)[dimension])} nats`;
  if (what === "picture") {
    saveSheet(`${name}-picture.png`, [explorer.out], shape, 1, { title: [top, `Decoded: ${from}`] });
  }
  if (what === "strip") {
    const title = [top, `${carried}, set to the values over the pictures; ${from}`];
    const heads = STRIP_VALUES.map((value) => number(value, 1));
    saveSheet(`${along}-strip.png`, STRIP_VALUES.map(at), shape, STRIP_VALUES.length, { title, heads });
  }
  if (what === "grid") {
    const images = grid.images(epoch, z);
    const { rows, heads, what: columns } = grid.words(epoch);
    const title = [top, `In each row one dimension is set to ${columns}; ${from}; KL in nats`];
    saveSheet(`${name}-grid-${grid.mode}.png`, images, shape, heads.length, { title, rows, heads });
  }
  if (what === "film") {
    const there = Array.from({ length: GIF_FRAMES }, (_, i) => -3 + (6 * i) / (GIF_FRAMES - 1));
    const values = [...there, ...there.slice(1, -1).reverse()];
    const moments = values.map((value) => `z${dimension} = ${number(value)}`);
    saveFrames(`${along}.gif`, values.map(at), shape, { title: [top, `${carried}; ${from}`], moments });
  }
  if (what === "csv" || what === "json") {
    const { kind, index = "" } = cursor.start;
    const start = what === "json" ? { start: cursor.start } : { start: kind, start_index: index }; // a cell holds no object
    const where = { ...provenance(about, epoch), ...start };
    saveCodes(`${name}-code.${what}`, [{ name: `epoch ${epoch}`, z }], where);
  }
}

/** @param {Explorer} explorer @returns {string} where its code comes from, as pictures say it */
function startWords({ run, cursor }) {
  const { kind, index } = cursor.start;
  const position = run.place(cursor.start);
  const name = position >= 0 ? cut(run.about.class_names[run.label(position)] ?? "") : "";
  if (kind === "digit") return name ? `started from test image ${index}, class ${name}` : "of a given code";
  return {
    drawing: "started from a drawing",
    random: "started from a random code",
    origin: "started from the origin",
    code: "of a given code",
  }[kind];
}
