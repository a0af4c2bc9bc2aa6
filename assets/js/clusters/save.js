/**
 * The film as a file: a picture, a GIF, a video, a page that plays without a network, and the positions as CSV.
 *
 * All but the last are drawn as the page draws them, by scenes of their own: a film goes on being saved while the page
 * is used.
 */

import { csvRow } from "../engine/csv.js";
import { GIF_END, gifFrame, gifHead } from "../engine/gif.js";
import { number } from "../engine/numbers.js";
import { classColour, cut } from "../shared/classes.js";
import { disable } from "../shared/disable.js";
import { listenToMenu, make } from "../shared/elements.js";
import { epochWords } from "../shared/epochs.js";
import { save } from "../shared/files.js";
import { unmarked } from "../shared/terms.js";
import { Palette } from "./palette.js";
import { Scene, eased } from "./scene.js";
import { KIND_NAMES, KIND_NOTES } from "./side.js";

const PICTURE = { width: 1200 }; // pixels of a map
const GIF = { width: 800, rate: 12.5 }; // frames a second
const VIDEO = { width: 800, rate: 30, bits: 8e6 };
const DRAWN_FOR = 560; // pixels of a map in which points and numerals have the size that they have on the page
const FINAL_SECONDS = 1.5; // for which the last epoch stays, before a film begins again
const SLICE = 30; // milliseconds of work between two looks at whether somebody cancels
const SAMPLES = 12; // frames from which a GIF's colours are chosen
const VIDEO_TYPES = ["video/mp4;codecs=avc1.640028", "video/webm;codecs=vp9", "video/webm"]; // what plays in most places first
const MEASURED = ["kl", "reconstruction", "kept"]; // what the points of the page that plays alone can be coloured by

/**
 * What is saved.
 * @typedef {{scene: Scene, view: object, at: function(number): number, title: string, facts: function(number): string}} Shown
 *   one map: where its film is at a moment of the first one's, what stands above it, and below that at its frame
 * @typedef {{maps: Shown[], last: number, seconds: number, speed: number, font: string, colouredBy: string, player: string}} Shot
 *   last: frame of the first map's film; seconds: from frame to frame, at that speed; colouredBy: what the colours say;
 *   player: what pages/parts/film_player.py makes
 * @typedef {{report: function(number), signal: AbortSignal}} Watch is told the share that is done, and can stop it
 */

/** The menu of what can be saved and, in its place while something takes its time, how far that is. */
export class SaveMenu {
  /** @param {HTMLElement} section @param {{shot: function(): Shot, moment: function(): number}} page */
  constructor(section, page) {
    Object.assign(this, { section, page });
    this.find = (selector) => section.querySelector(selector);
    const type = videoType();
    const video = this.find("[value=video]");
    video.textContent = type?.startsWith("video/mp4") ?? true ? "Film, MP4" : "Film, WebM";
    video.title = "Recorded while it plays, so it takes as long as it will last";
    disable(video, type ? "" : "This browser cannot record videos.");
    listenToMenu(section.closest(".live"), this.find(".save"), (what) => this.saveAs(what));
    this.find(".cancel").onclick = () => this.aborter.abort();
  }

  /** @param {string} what a value of the menu's buttons */
  async saveAs(what) {
    const shot = this.page.shot();
    const name = [...shot.maps.map(({ scene }) => scene.film.about.name), shot.maps[0].scene.kind].join("-");
    const watch = this.begin(what);
    try {
      if (what === "picture") await saveFilmPicture(name, shot, this.page.moment());
      if (what === "gif") await saveFilmGif(name, shot, watch);
      if (what === "video") await saveFilmVideo(name, shot, watch);
      if (what === "page") await saveFilmPage(name, shot);
      if (what === "positions") saveFilmPositions(name, shot);
      this.say("Saved");
    } catch (error) {
      this.say(watch.signal.aborted ? "Not saved" : `It could not be saved: ${error.message}`);
    } finally {
      this.end();
    }
  }

  /** @returns {Watch} */
  begin(what) {
    this.aborter = new AbortController();
    const long = what === "gif" || what === "video";
    const progress = this.find("progress");
    this.find(".save").hidden = long;
    this.find(".working").hidden = !long;
    progress.value = 0;
    if (long) this.find(".cancel").focus();
    this.say(what === "video" ? "Recording" : what === "gif" ? "Saving" : "");
    return { signal: this.aborter.signal, report: (share) => (progress.value = share) };
  }

  end() {
    const focused = this.find(".working").matches(":focus-within");
    this.find(".save").hidden = false;
    this.find(".working").hidden = true;
    if (focused) this.find("summary").focus();
  }

  say(text) {
    this.find(".said").textContent = text;
  }
}

/** A canvas with the maps side by side, their titles above and what the colours say below. */
class Sheet {
  /** @param {Shot} shot @param {number} width pixels of a map; two share twice that as their films' shapes need it */
  constructor({ maps, font, colouredBy }, width) {
    Object.assign(this, { font, colouredBy, width, unit: width / 480 });
    const shapes = maps.map(({ scene }) => scene.shape);
    const whole = width * maps.length;
    this.height = Math.round(whole / shapes.reduce((sum, shape) => sum + shape));
    let right = 0;
    this.maps = maps.map((map, place) => {
      const left = right;
      right = place === maps.length - 1 ? whole : Math.round(left + this.height * shapes[place]);
      const canvas = make("canvas", "", "", { width: right - left, height: this.height });
      return { ...map, scene: this.copy(map.scene), canvas, left };
    });
    const { theme } = maps[0].scene;
    this.paper = theme.background;
    this.ink = theme.text;
    this.head = Math.round(46 * this.unit);
    this.row = Math.round(22 * this.unit);
    this.canvas = make("canvas", "", "", { width: even(whole) });
    this.context = this.canvas.getContext("2d", { alpha: false, willReadFrequently: true });
    const [{ scene }] = this.maps;
    this.classes = scene.colourBy === "class" ? this.classesOf(scene) : [];
    const rows = 1 + Math.max(0, ...this.classes.map(({ row }) => row));
    this.canvas.height = even(this.head + this.height + rows * this.row + 4 * this.unit);
  }

  copy(scene) {
    const own = new Scene(scene.film, scene.theme);
    const { kind, colourBy, meant, options } = scene;
    Object.assign(own, { kind, colourBy, meant: meant?.slice() ?? null, options: { ...options } });
    own.hidden.set(scene.hidden);
    own.ratio = this.width / DRAWN_FOR;
    return own;
  }

  /** @param {number} moment in frames of the first map's film */
  draw(moment) {
    const { context, canvas, height, head } = this;
    context.fillStyle = this.paper;
    context.fillRect(0, 0, canvas.width, canvas.height);
    for (const map of this.maps) {
      const at = map.at(moment);
      map.scene.paint(map.canvas, at, map.view);
      context.drawImage(map.canvas, map.left, head);
      this.write(map, at);
    }
    this.explain(this.maps[0].scene, head + height);
  }

  write({ scene, title, facts, canvas: { width }, left }, at) {
    const { unit } = this;
    const frame = Math.min(Math.round(at), scene.frames - 1);
    this.text(epochWords(scene.film.about, scene.film.epochs[frame]).name, left + width - 10 * unit, 16 * unit, { weight: 600, side: "right" });
    this.text(title, left + 10 * unit, 16 * unit, { weight: 600, room: width - 110 * unit });
    this.text(facts(frame), left + 10 * unit, 34 * unit, { size: 11, room: width - 20 * unit, opacity: 0.75 });
  }

  /** What the colours say: the names of the classes in as many rows as they need, or a scale. */
  explain(scene, top) {
    const { unit, context, canvas } = this;
    if (scene.colourBy === "class") {
      for (const { label, name, left, row } of this.classes) {
        const middle = top + (row + 0.5) * this.row;
        context.fillStyle = classColour(label);
        context.beginPath();
        context.arc(left + 5 * unit, middle, 4.5 * unit, 0, 2 * Math.PI);
        context.fill();
        this.text(name, left + 13 * unit, middle, { size: 11 });
      }
      return;
    }
    const middle = top + this.row / 2;
    const [least, most] = scene.film.range(scene.colourBy);
    const [long, high] = [120 * unit, 10 * unit];
    const words = `${this.colouredBy}:  ${number(least)}`;
    const left = 18 * unit + this.text(words, 10 * unit, middle, { size: 11, room: canvas.width - 2 * long });
    const scale = context.createLinearGradient(left, 0, left + long, 0);
    const colours = scene.rampColours();
    colours.forEach((colour, place) => scale.addColorStop(place / (colours.length - 1), colour));
    context.fillStyle = scale;
    context.fillRect(left, middle - high / 2, long, high);
    this.text(number(most), left + long + 8 * unit, middle, { size: 11 });
  }

  /** Where the names of the classes that are shown stand below the maps. */
  classesOf({ film, hidden }) {
    const shown = new Set(Array.from(film.labels).filter((_, point) => !hidden[point]));
    const found = [];
    let [left, row] = [10 * this.unit, 0];
    this.setFont(11);
    film.about.class_names.forEach((whole, label) => {
      if (!shown.has(label)) return;
      const name = cut(whole);
      const wide = 26 * this.unit + this.context.measureText(name).width;
      if (left + wide > this.canvas.width && left > 10 * this.unit) [left, row] = [10 * this.unit, row + 1];
      found.push({ label, name, left, row });
      left += wide;
    });
    return found;
  }

  /** @returns {number} how wide it became */
  text(text, x, y, { size = 13, weight = 400, side = "left", room = Infinity, opacity = 1 } = {}) {
    const { context } = this;
    this.setFont(size, weight);
    context.textAlign = side;
    context.textBaseline = "middle";
    context.fillStyle = this.ink;
    context.globalAlpha = opacity;
    const wide = Math.min(context.measureText(text).width, room);
    context.fillText(text, x, y, room === Infinity ? undefined : room);
    context.globalAlpha = 1;
    return wide;
  }

  setFont(size, weight = 400) {
    this.context.font = `${weight} ${size * this.unit}px ${this.font}`;
  }
}

const even = (pixels) => Math.ceil(pixels / 2) * 2; // as videos need it

/** Let the browser draw and listen; unlike a timer, a message is as quick where the page is out of sight. */
const breath = () =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve(port1.close());
    port2.postMessage(null);
  });

/** The moments at which a film is drawn, in frames of the layout. @param {number} last of them @param {number} rate frames a second */
function moments({ last, seconds, speed }, rate) {
  const count = Math.max(1, Math.round(last * seconds * rate));
  return last === 0 ? [0] : Array.from({ length: count + 1 }, (_, i) => eased((i / count) * last, speed));
}

/** Save one moment as a PNG. @param {Shot} shot @param {number} moment in frames of the first map's film */
export async function saveFilmPicture(name, shot, moment) {
  const sheet = new Sheet(shot, PICTURE.width);
  sheet.draw(moment);
  const blob = await new Promise((resolve) => sheet.canvas.toBlob(resolve, "image/png"));
  save(`${name}.png`, [blob], "image/png");
}

/** Save a film as a GIF that plays for ever. @param {Shot} shot @param {Watch} watch */
export async function saveFilmGif(name, shot, { report, signal }) {
  const sheet = new Sheet(shot, GIF.width);
  const { width, height } = sheet.canvas;
  const look = (moment) => {
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

// Video ---------------------------------------------------------------------------------------------------------------

/** @returns {string|undefined} the kind of video that this browser can record */
export const videoType = () => globalThis.MediaRecorder && VIDEO_TYPES.find((type) => MediaRecorder.isTypeSupported(type));

/** Save a film as a video. It is recorded while it plays, and takes as long as it will last. @param {Shot} shot @param {Watch} watch */
export async function saveFilmVideo(name, shot, watch) {
  const type = videoType();
  if (!type) throw new Error("This browser cannot record a video. Save a GIF, or use another browser.");
  const sheet = new Sheet(shot, VIDEO.width);
  sheet.draw(0);
  const stream = sheet.canvas.captureStream(0);
  const [track] = stream.getVideoTracks();
  const recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: VIDEO.bits });
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const ended = new Promise((resolve, reject) => {
    recorder.onstop = resolve;
    recorder.onerror = ({ error }) => reject(new Error(`The video could not be recorded: ${error?.message ?? error}.`));
  });
  recorder.start();
  try {
    await Promise.race([ended, playFor(recorder, track, sheet, shot, watch)]);
  } finally {
    if (recorder.state !== "inactive") recorder.stop();
    track.stop();
  }
  await ended;
  save(`${name}.${type.startsWith("video/mp4") ? "mp4" : "webm"}`, parts, type.split(";")[0]);
}

/** Play a film to a recorder. Both wait while the page is out of sight, where a browser draws nothing. */
async function playFor(recorder, track, sheet, { last, seconds, speed }, { report, signal }) {
  const length = last * seconds + FINAL_SECONDS;
  let played = 0;
  let before = null;
  const seen = () => {
    before = null;
    if (document.hidden) recorder.pause();
    else recorder.resume();
  };
  document.addEventListener("visibilitychange", seen);
  try {
    while (played < length) {
      const now = await new Promise(requestAnimationFrame);
      signal.throwIfAborted();
      before ??= now;
      if (now > before && now - before < 900 / VIDEO.rate) continue;
      played += (now - before) / 1000;
      before = now;
      sheet.draw(eased(Math.min(last, played / seconds), speed));
      track.requestFrame();
      report(Math.min(1, played / length));
    }
  } finally {
    document.removeEventListener("visibilitychange", seen);
  }
}

// A page that plays alone ---------------------------------------------------------------------------------------------

/**
 * Save films as one HTML file that needs nothing else: the player with the films put in.
 * @param {Shot} shot
 */
export async function saveFilmPage(name, { maps, seconds, speed, player }) {
  const page = new DOMParser().parseFromString(player, "text/html");
  const pack = new Pack();
  const films = maps.map(({ scene }) => packFilm(scene, pack));
  const [{ view, scene }] = maps;
  const { kind, colourBy, options } = scene;
  const shown = { kind, colourBy: MEASURED.includes(colourBy) ? colourBy : "class", options, view, seconds: seconds * speed, speed };
  page.title = films.map(({ about }) => about.name).join(" and ");
  // The text of a script is not escaped when it is written: a name might hold what ends it.
  const words = { kinds: KIND_NAMES, notes: Object.fromEntries(Object.entries(KIND_NOTES).map(([kind, note]) => [kind, unmarked(note)])) };
  const said = JSON.stringify({ films, shown, words, arrays: pack.arrays }).replaceAll("<", "\\u003c");
  page.getElementById("films").textContent = said;
  page.getElementById("numbers").textContent = await pack.text();
  save(`${name}.html`, [`<!doctype html>\n${page.documentElement.outerHTML}\n`], "text/html");
}

/** What the player needs of a film: see SavedFilm in film-player.js, which undoes it. */
function packFilm({ film, hidden }, pack) {
  const { about } = film;
  const labels = Array.from(film.labels);
  return {
    about: { ...about, key: undefined },
    hidden: about.class_names.map((_, label) => labels.every((of, point) => of !== label || hidden[point] === 1)),
    kinds: Array.from(film.kinds, ([name, { frames, positions }]) => ({ name, frames, ...pack.fractions(positions, Uint16Array) })),
    measured: MEASURED.filter((name) => film.measured[name].count).map((name) => {
      const measured = film.measured[name];
      return { name, frames: measured.count, range: film.range(name), ...pack.fractions(measured.all(), Uint8Array) };
    }),
    images: pack.add(film.images),
    labels: pack.add(film.labels),
    indices: pack.add(film.indices),
  };
}

/** Arrays as one text: compressed, and in the 64 characters that any file may hold. */
class Pack {
  constructor() {
    this.arrays = []; // {type, from, length}: where each begins, in bytes
    this.parts = [];
    this.size = 0;
  }

  /** @returns {number} which of the arrays it is */
  add(values) {
    const padding = -this.size & 7; // numbers begin at a multiple of their size
    this.parts.push(new Uint8Array(padding), values);
    this.arrays.push({ type: values.constructor.name, from: this.size + padding, length: values.length });
    this.size += padding + values.byteLength;
    return this.arrays.length - 1;
  }

  /** Numbers in whole steps from the least to the greatest of them, as many as the type has. */
  fractions(values, Type) {
    const steps = 2 ** (8 * Type.BYTES_PER_ELEMENT) - 1;
    let [least, most] = [Infinity, -Infinity];
    for (const value of values) {
      if (value < least) least = value;
      if (value > most) most = value;
    }
    const scale = most > least ? steps / (most - least) : 0;
    return { array: this.add(Type.from(values, (value) => Math.round((value - least) * scale))), least, most, steps };
  }

  async text() {
    const stream = new Blob(this.parts).stream().pipeThrough(new CompressionStream("deflate"));
    const bytes = await new Response(stream).blob();
    const reader = new FileReader();
    return new Promise((resolve, reject) => {
      reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(bytes);
    });
  }
}

// Positions -----------------------------------------------------------------------------------------------------------

/**
 * Save every position of the layout that is shown as CSV, a row a test image and epoch. The first epoch has no `kept`,
 * the share of its neighbours that an image kept since the epoch before.
 * @param {Shot} shot
 */
export function saveFilmPositions(name, { maps }) {
  const parts = ["run,beta,capacity,layout,epoch,index,class,x,y,kl,reconstruction,kept\n"];
  for (const { scene } of maps) {
    const { film, kind, frames } = scene;
    const { beta, capacity } = film.about.objective;
    for (let frame = 0; frame < frames; frame++) {
      const places = film.at(kind, frame);
      const measured = MEASURED.map((name) => film.values(name, frame));
      const lines = Array.from({ length: film.points }, (_, point) => {
        const image = [film.indices[point], film.about.class_names[film.labels[point]]];
        const place = [single(places[2 * point]), single(places[2 * point + 1])];
        const figures = measured.map((values) => values && single(values[point]));
        return csvRow([film.about.name, beta, capacity, kind, film.epochs[frame], ...image, ...place, ...figures]);
      });
      parts.push(lines.join(""));
    }
  }
  save(`${name}.csv`, parts, "text/csv");
}

/** As many digits as single precision has. */
const single = (value) => Number(value.toPrecision(7));
