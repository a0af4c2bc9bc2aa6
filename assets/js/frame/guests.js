/**
 * Images beyond a run's gallery: any other of its test images that came along, and the drawing of the Draw page, which is encoded
 * anew for each run.
 */

import { encoderShelf } from "../shared/encoders.js";
import { filmShelf } from "../shared/films.js";
import { nearestEpoch } from "./address.js";

/** @import { Guest, LiveRun, Start } from "../engine/run.js" */
/** @import { Space } from "./address.js" */
/** @import { Holding } from "./holding.js" */
/** @import { RunTold } from "./session.js" */

/** @typedef {{image: ArrayLike<number>, label: number}} Picture an image of the size that the run takes */
/** @typedef {(epoch: number) => {mean: ArrayLike<number>, logVariance: ArrayLike<number>}|null} PosteriorAt */

/** @param {RunTold} told @param {LiveRun} run @returns {Space} what a cursor of it must fit */
export function spaceOf({ name, dataset }, run) {
  const { latentDim, epochs, labels, indices } = run;
  return {
    run: name,
    dataset,
    latentDim,
    epochs,
    labels,
    indices,
    mean: (epoch, place) => run.mean(epoch, place),
    guest: (kind, index) => {
      const place = run.place({ kind, index });
      return place < 0 ? null : (epoch) => run.mean(epoch, place);
    },
  };
}

export class Guests {
  /** @param {Holding} holding @param {() => unknown} drawing what the Draw page remembers */
  constructor(holding, drawing) {
    this.holding = holding;
    this.drawing = drawing;
  }

  /** @param {LiveRun} run @param {Start} start @returns {Picture|undefined} the image, where the run knows it */
  pictureIn(run, start) {
    const place = run.place(start);
    return place < 0 ? undefined : { image: run.image(place), label: run.label(place) };
  }

  /**
   * Have a run know an image, where it can.
   * @param {RunTold} told @param {LiveRun} run which it is @param {Start} start
   * @param {Picture} [known] the image, where another run has it
   */
  async admit(told, run, start, known) {
    const { kind, index } = start;
    if ((kind !== "digit" && kind !== "drawing") || index === undefined || run.place(start) >= 0) return;
    if (kind === "digit" && (await this.admitFromFilm(told, run, index))) return;
    const picture = known ?? (kind === "drawing" ? this.drawn(index) : null);
    if (!picture || picture.image.length !== run.pixels || !(await this.holding.give(told, "encoders"))) return;
    const shelf = encoderShelf.get(run.key);
    const image = Uint8Array.from(picture.image);
    const posterior = (/** @type {number} */ epoch) =>
      shelf?.encoder(nearestEpoch(epoch, shelf.epochs))?.encode(image) ?? null;
    this.take(run, { kind, index, label: picture.label, image }, posterior);
  }

  /** @param {RunTold} told @param {LiveRun} run @param {number} index */
  async admitFromFilm(told, run, index) {
    const { film: about, parts } = told;
    if (!about || !parts.posteriors || !(await this.holding.give(told, "film", "posteriors"))) return false;
    const film = filmShelf.get(about.key);
    const posteriors = this.holding.posteriors.get(parts.posteriors);
    const point = film?.point(index) ?? -1;
    if (!film || !posteriors || point < 0) return false;
    this.take(run, { kind: "digit", index, label: film.labels[point], image: film.image(point) }, (epoch) => {
      const frame = film.epochs.indexOf(nearestEpoch(epoch, film.epochs));
      return { mean: film.mean(frame, point), logVariance: posteriors.logVariance(frame, point) };
    });
    return true;
  }

  /** @param {number} number @returns {Picture|null} the drawing, if it is still the one of this number */
  drawn(number) {
    const kept = /** @type {{image?: number[], number?: number}|null|undefined} */ (this.drawing());
    return kept?.image && kept.number === number ? { image: kept.image, label: -1 } : null;
  }

  /** @param {LiveRun} run @param {Pick<Guest, "kind"|"index"|"label"|"image">} guest @param {PosteriorAt} posterior */
  take(run, guest, posterior) {
    const [mean, logVariance] = [0, 0].map(() => new Float32Array(run.epochs.length * run.latentDim));
    for (const [place, epoch] of run.epochs.entries()) {
      const found = posterior(epoch);
      if (!found) return;
      mean.set(found.mean, place * run.latentDim);
      logVariance.set(found.logVariance, place * run.latentDim);
    }
    run.admit({ ...guest, mean, logVariance });
  }
}
