/** The colours of the points: of their class, or of what was measured of them. */

import { CLASS_COLOURS } from "../shared/classes.js";

/** @import { SceneFilm, Theme } from "./scene.js" */

// From little to much, for points that must stand out from what is behind them.
const MORE = {
  light: ["#e0a92e", "#d8576b", "#8b2d9c", "#1d1147"],
  dark: ["#5a4fd1", "#b5519c", "#f0805c", "#fbe45b"],
};
const SIGNED = { light: ["#1c5fb0", "#b4bac2", "#c2390c"], dark: ["#58a6ff", "#59616d", "#ff8f5a"] };

const PALETTE = CLASS_COLOURS.map(packed);

/** Colours as ImageData holds them. */
export class Colouring {
  /** @param {SceneFilm} film @param {Theme} theme */
  constructor(film, theme) {
    this.film = film;
    this.theme = theme;
    this.colours = new Uint32Array(film.points); // of each point
    this.ramps = ramps(theme);
    this.background = packed(theme.background);
    this.made = ""; // what the colours were last made for
  }

  /** @param {Theme} theme */
  setTheme(theme) {
    this.theme = theme;
    this.ramps = ramps(theme);
    this.background = packed(theme.background);
    this.made = "";
  }

  /** Colour the points. @param {string} by "class" or a name that `film.values` knows @param {number} at frame */
  colour(by, at) {
    const wanted = by === "class" ? by : `${by} ${at}`;
    if (this.made === wanted) return;
    this.made = wanted;
    if (by === "class") this.byClass();
    else this.byValue(by, at);
  }

  byClass() {
    const { film, colours } = this;
    for (let point = 0; point < film.points; point++) colours[point] = PALETTE[film.labels[point] % PALETTE.length];
  }

  /** @param {string} name @param {number} at */
  byValue(name, at) {
    const { film, colours } = this;
    const frame = Math.floor(at);
    // Where one of the two is not known, the other stands for it.
    const next = at > frame ? film.values(name, frame + 1) : null;
    const before = film.values(name, frame) ?? next;
    const after = next ?? before;
    if (!before || !after) {
      colours.fill(packed(this.theme.text));
      return;
    }
    const [least, most] = film.range(name);
    const share = at - frame;
    const steps = least < 0 ? this.ramps.signed : this.ramps.more;
    const scale = (steps.length - 1) / (most - least || 1);
    for (let point = 0; point < film.points; point++) {
      const value = before[point] + (after[point] - before[point]) * share;
      const step = Math.round((value - least) * scale);
      colours[point] = steps[step < 0 ? 0 : step >= steps.length ? steps.length - 1 : step];
    }
  }

  /**
   * @param {string} name
   * @returns {string[]} the colours of its values from the least to the greatest, as CSS writes them
   */
  ramp(name) {
    const mode = this.theme.dark ? "dark" : "light";
    return this.film.range(name)[0] < 0 ? SIGNED[mode] : MORE[mode];
  }
}

/** @param {Theme} theme */
function ramps({ dark }) {
  const mode = dark ? "dark" : "light";
  return { more: ramp(MORE[mode]), signed: ramp(SIGNED[mode]) };
}

/** A colour as CSS writes it, #rrggbb or rgb(r, g, b), as a pixel of ImageData holds it. @param {string} colour */
function packed(colour) {
  const parts = colour.startsWith("#")
    ? [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16))
    : Array.from(colour.matchAll(/[\d.]+/g), Number);
  return (0xff000000 | (parts[2] << 16) | (parts[1] << 8) | parts[0]) >>> 0;
}

/** 256 colours from the first to the last, evenly over those between. @param {string[]} colours */
function ramp(colours) {
  const stops = colours.map(packed);
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) * (stops.length - 1);
    const stop = Math.min(stops.length - 2, Math.floor(place));
    /** @param {number} shift */
    const mix = (shift) => {
      const [from, to] = [(stops[stop] >> shift) & 255, (stops[stop + 1] >> shift) & 255];
      return Math.round(from + (to - from) * (place - stop)) << shift;
    };
    return (0xff000000 | mix(16) | mix(8) | mix(0)) >>> 0;
  });
}
