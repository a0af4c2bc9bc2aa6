/** Saving what Interpolate shows. */

import { number } from "../engine/numbers.js";
import { provenance, saveCodes } from "../shared/files.js";
import { heading, saveFrames, saveSheet } from "../shared/sheet.js";
import { SIDE } from "./corners.js";
import { STEPS } from "../engine/walk.js";

/** @import { Journey } from "./journey.js" */

const FRAMES = 2 * STEPS - 1; // of one way: two a step

/** @param {Journey} journey */
const fileName = ({ run, epoch }) => `${run.about.name}-epoch-${epoch}`;

/** @param {number} place @param {number} of how many */
const share = (place, of) => number(place / (of - 1));

/** @param {Journey} journey @param {string} kind "png", "gif", "csv" or "json" */
export function saveWalk(journey, kind) {
  const { run, epoch, ends, offer, method, way, steps } = journey;
  const name = `${fileName(journey)}-walk.${kind}`;
  const [begin, end] = ends.map((each) => offer.onPicture(each));
  const top = heading(run.about, epoch);
  const what = `From ${begin} to ${end}, ${method}`;
  if (kind === "png") {
    const heads = way.steps.map((_, step) => share(step, STEPS));
    const title = [top, `${what}; above each picture its share of the way`];
    saveSheet(name, steps.finished(), run.imageShape, STEPS, { title, heads });
  } else if (kind === "gif") {
    const frames = film(journey);
    const moments = frames.map((_, i) => `at ${share(i < FRAMES ? i : 2 * FRAMES - 2 - i, FRAMES)} of the way`);
    saveFrames(name, frames, run.imageShape, { title: [top, what], moments });
  } else {
    const codes = way.steps.map((z, step) => ({ name: `step ${step + 1}`, z }));
    const [from, to] = ends.map((each) => offer.describe(each).join(", "));
    saveCodes(name, codes, { ...provenance(run.about, epoch), method, from, to });
  }
}

/** The way, and back again if the play goes back. @param {Journey} journey */
function film({ run, way, playback }) {
  const z = new Float32Array(run.latentDim);
  const there = Array.from({ length: FRAMES }, (_, frame) => way.decoder.decode(way.walk.at(frame / (FRAMES - 1), z)));
  return playback.back.checked ? [...there, ...there.slice(1, -1).reverse()] : there;
}

/** @param {Journey} journey */
export function saveCorners(journey) {
  const { run, epoch, ends, offer, steps, corners } = journey;
  steps.finished(); // after which the grid is told what to draw
  const named = ["top left", "top right", "bottom left", "bottom right"].map(
    (corner, slot) => `${corner} ${offer.onPicture(ends[slot])}`,
  );
  const shares = Array.from({ length: SIDE }, (_, place) => share(place, SIDE));
  const what = `Between four codes: ${named.join("; ")}. Shares of the way to the right and down`;
  const words = { title: [heading(run.about, epoch), what], rows: shares, heads: shares };
  saveSheet(`${fileName(journey)}-corners.png`, corners.mosaic.finished(), run.imageShape, SIDE, words);
}
