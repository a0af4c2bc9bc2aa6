/** Generate, Interpolate, Disentangle and Draw: one component each, with what Python works out for it in the app. */

import { Random } from "../engine/random.js";
import { make } from "../shared/elements.js";
import { shortDecimal } from "./address.js";

/** @import { View } from "./views.js" */

const COUNT = 100; // codes that are drawn
const SEEDS = 2 ** 31;
const NAMES = ["a", "b", "c", "d"]; // what the address calls the ends of the walk, and the other two corners

/** @param {HTMLElement} home */
const room = (home) => home.appendChild(make("div", "component"));

/** @param {Float32Array} numbers @returns {string} their bytes in base64 */
function packed(numbers) {
  let text = "";
  for (const byte of new Uint8Array(numbers.buffer)) text += String.fromCharCode(byte);
  return btoa(text);
}

/** The noise of a seed, as pages/generate.py draws it. @param {number} seed @param {number} dimensions @param {number} images of the gallery */
export function noiseOf(seed, dimensions, images) {
  const random = new Random(seed);
  const noise = packed(random.normals(COUNT * dimensions));
  return { seed, noise, around: random.choice(images, COUNT) };
}

/** @type {View} */
export function showGenerate(frame, home) {
  const mounted = frame.mount("generate", room(home));
  let [shown, noise] = ["", {}];
  return ({ run }) => {
    const text = frame.session.ofPage.seed ?? "";
    const seed = /^\d{1,10}$/.test(text) && Number(text) < SEEDS ? Number(text) : 0;
    if (shown !== `${seed} ${run.key}`) noise = noiseOf(seed, run.latentDim, run.labels.length);
    shown = `${seed} ${run.key}`;
    mounted.draw(frame.data("generate", noise));
  };
}

/** @type {View} */
export function showInterpolate(frame, home) {
  const mounted = frame.mount("interpolate", room(home));
  return async ({ told, run, cursor }) => {
    const { session } = frame;
    const ends = NAMES.map((name) => session.ofPage[name] ?? "");
    const digits = ends.flatMap((text) => {
      const index = shortDecimal(text.split("z")[0]);
      return index === null ? [] : [{ kind: /** @type {const} */ ("digit"), index }];
    });
    const number = ends.map((text) => /^drawing(\d+)/.exec(text)?.[1]).find((found) => found !== undefined);
    const asked = session.takeAsked();
    session.takeDrawing(number, asked?.drawn);
    const drawn = cursor.start.kind === "drawing" ? null : session.drawingText(Number(number));
    session.beside.interpolate = drawn ? { drawn } : {};
    const kept = /** @type {{number?: number, image?: number[]}|null} */ (session.memory.draw);
    const isDrawn = kept?.image?.some((pixel) => pixel > 0);
    const drawing = isDrawn ? { kind: /** @type {const} */ ("drawing"), index: kept?.number } : null;
    const wanted = [...digits, ...(drawing ? [drawing] : [])];
    await Promise.all(wanted.map((start) => frame.guests.admit(told, run, start)));
    if (frame.session.run !== told) return;
    const guests = drawing && run.place(drawing) >= 0 ? [drawing] : []; // which the run knows by now
    mounted.draw(frame.data("interpolate", { guests }));
  };
}

/** @type {View} */
export function showDisentangle(frame, home) {
  const mounted = frame.mount("disentangle", room(home));
  return ({ told }) => {
    frame.holding.give(told, "figures");
    const others = frame.session.site.runs.filter((run) => run !== told);
    const lines = [told, ...others].flatMap(({ summary }) => (summary ? [summary] : []));
    const data = { figures: told.figures, beside: lines.length > 1 ? lines : [] };
    mounted.draw(frame.data("disentangle", data));
  };
}

/** @type {View} */
export function showDraw(frame, home) {
  const mounted = frame.mount("draw", room(home));
  return ({ told }) => {
    mounted.draw(frame.data("draw"));
    frame.holding.give(told, "encoders");
  };
}
