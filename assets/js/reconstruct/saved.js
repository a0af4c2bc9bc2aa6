/** What is shown, as files: the sheet as a picture, the figures and the codes as tables. */

import { csvRow } from "../engine/csv.js";
import { epochWords } from "../shared/epochs.js";
import { provenance, save, saveCodes } from "../shared/files.js";
import { heading, saveSheet } from "../shared/sheet.js";

/** @import { Batch } from "./batch.js" */

/** The epochs that are shown; now: that of the clock. @typedef {{first: number, now: number, last: number}} Epochs */

const FIGURES = "reconstruction at the mean of the posterior, KL of the posterior; nats, one image";

/** @param {Batch} batch @param {number} epoch */
const fileName = ({ run }, epoch) => `${run.about.name}-reconstructions-epoch-${epoch}`;

/** @param {Batch} batch @param {Epochs} epochs */
export function saveReconstructions(batch, { first, now, last }) {
  const { about, imageShape } = batch.run;
  const all = Array.from(batch.indices.keys());
  const originals = all.map((n) => Float32Array.from(batch.image(n), (byte) => byte / 255));
  const shown = [first, now, last];
  const pictures = shown.flatMap((epoch) => all.map((n) => batch.make(epoch, n).picture));
  const title = [heading(about, now), "Test images and their reconstructions; above them class and number"];
  const heads = all.map((n) => `${about.class_names[batch.labels[n]]}\n#${batch.indices[n]}`);
  const rows = ["original", ...shown.map((epoch) => epochWords(about, epoch).name)];
  const images = [...originals, ...pictures];
  saveSheet(`${fileName(batch, now)}.png`, images, imageShape, all.length, { title, rows, heads });
}

/** @param {Batch} batch @param {Epochs} epochs @param {"csv"|"json"} ending */
export function saveFigures(batch, epochs, ending) {
  const { about } = batch.run;
  const shown = [...new Set([epochs.first, epochs.now, epochs.last])].sort((a, b) => a - b);
  /** @param {number} number */
  const value = (number) => (Number.isFinite(number) ? number : null);
  const images = batch.indices.map((index, n) => ({
    test_index: index,
    class: about.class_names[batch.labels[n]],
    bernoulli_floor: batch.floors[n],
    epochs: shown.map((epoch) => {
      const { reconstruction, kl } = batch.make(epoch, n);
      return { epoch, reconstruction: value(reconstruction), kl: value(kl) };
    }),
  }));
  const name = `${fileName(batch, epochs.now)}.${ending}`;
  if (ending === "json") {
    const text = JSON.stringify({ run: about.name, split: "test", figures: FIGURES, images }, null, 1);
    save(name, [text], "application/json");
    return;
  }
  const rows = images.flatMap((image) =>
    image.epochs.map((at) => [
      image.test_index,
      image.class,
      at.epoch,
      at.reconstruction,
      at.kl,
      image.bernoulli_floor,
    ]),
  );
  const head = ["test_index", "class", "epoch", "reconstruction_nats", "kl_nats", "bernoulli_floor_nats"];
  save(name, [head, ...rows].map(csvRow), "text/csv");
}

/** @param {Batch} batch @param {number} epoch @param {"csv"|"json"} ending */
export function saveCodesOf(batch, epoch, ending) {
  const codes = batch.indices.map((_, n) => ({ name: batch.nameOf(n), z: batch.mean(epoch, n) }));
  const about = { ...provenance(batch.run.about, epoch), code: "mean of the posterior" };
  saveCodes(`${about.run}-codes-epoch-${epoch}.${ending}`, codes, about);
}
