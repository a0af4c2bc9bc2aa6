/** The film as a picture and as a GIF. */

import { GIF_END, gifFrame, gifHead } from "../engine/gif.js";
import { save } from "../shared/files.js";
import { Palette } from "./palette.js";
import { eased, FINAL_SECONDS } from "./playback.js";
import { FilmSheet } from "./saved-sheet.js";

/** @import { Watch } from "./save.js" */
/** @import { Shot } from "./shot.js" */

const PICTURE = { width: 1200 }; // pixels of a map
const GIF = { width: 800, rate: 12.5 }; // frames a second
const SLICE = 30; // milliseconds of work between two looks at whether somebody cancels
const SAMPLES = 12; // frames from which a GIF's colours are chosen

/** Let the browser draw and listen; unlike a timer, a message is as quick where the page is out of sight. */
const breath = () =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve(null);
    };
    port2.postMessage(null);
  });

/**
 * The moments at which a film is drawn, in frames of the first map's film.
 * @param {Shot} shot @param {number} rate frames a second
 */
function moments({ last, seconds, speed }, rate) {
  const count = Math.max(1, Math.round(last * seconds * rate));
  return last === 0 ? [0] : Array.from({ length: count + 1 }, (_, i) => eased((i / count) * last, speed));
}

/**
 * Save one moment as a PNG.
 * @param {string} name @param {Shot} shot @param {number} moment in frames of the first map's film
 */
export async function saveFilmPicture(name, shot, moment) {
  const sheet = new FilmSheet(shot, PICTURE.width);
  sheet.draw(moment);
  /** @type {Blob|null} */
  const blob = await new Promise((resolve) => sheet.canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new Error("The browser could not make the picture.");
  save(`${name}.png`, [blob], "image/png");
}

/** Save a film as a GIF that plays for ever. @param {string} name @param {Shot} shot @param {Watch} watch */
export async function saveFilmGif(name, shot, { report, signal }) {
  const sheet = new FilmSheet(shot, GIF.width);
  const { width, height } = sheet.canvas;
  const look = (/** @type {number} */ moment) => {
    sheet.draw(moment);
    return new Uint32Array(sheet.context.getImageData(0, 0, width, height).data.buffer);
  };
  const times = moments(shot, GIF.rate);
  const palette = new Palette();
  const samples = Math.min(SAMPLES, times.length);
  for (let i = 0; i < samples; i++) {
    palette.see(look(times[Math.round((i / Math.max(1, samples - 1)) * (times.length - 1))]));
    await breath();
    signal.throwIfAborted();
  }
  const parts = [gifHead(width, height, palette.choose())];
  let rested = performance.now();
  for (const [place, moment] of times.entries()) {
    const seconds = place === times.length - 1 ? FINAL_SECONDS : 1 / GIF.rate;
    parts.push(gifFrame(palette.places(look(moment)), width, height, Math.round(100 * seconds)));
    if (performance.now() - rested < SLICE) continue;
    report((place + 1) / times.length);
    await breath();
    signal.throwIfAborted();
    rested = performance.now();
  }
  save(`${name}.gif`, [...parts, GIF_END], "image/gif");
}
