/** The row of decodes along one dimension, everything else as it is. */

import { number } from "../engine/numbers.js";
import { finder, make } from "../shared/elements.js";
import { Picture } from "../shared/pictures.js";

/** @import { Decoder } from "../engine/networks.js" */
/** @import { LiveRun } from "../engine/run.js" */

export const STRIP_VALUES = Array.from({ length: 13 }, (_, i) => -3 + 0.5 * i);
const END = 3.25; // tiles are half a unit wide, centred on their value

/** @typedef {{button: HTMLButtonElement, value: number, picture: Picture}} Tile */

export class Strip {
  /** @param {HTMLElement} root @param {LiveRun} run @param {(value: number) => void} choose told the value of a tile that is pressed */
  constructor(root, run, choose) {
    const find = finder(root);
    this.title = find("#strip-title");
    this.marker = find(".marker");
    this.dimension = 0;
    /** @type {Set<Tile>} that do not show the present code yet */
    this.stale = new Set();
    this.marked = "";
    this.out = new Float32Array(run.pixels);
    this.code = new Float32Array(run.latentDim);
    /** @type {Tile[]} */
    this.tiles = STRIP_VALUES.map((value) => {
      const button = make("button", "tile", "", { type: "button" });
      const canvas = make("canvas", "", "", { "aria-hidden": "true" });
      button.append(canvas, make("span", "", number(value, 1), { "aria-hidden": "true" }));
      button.onclick = () => choose(value);
      return { button, value, picture: new Picture(canvas, run.imageShape) };
    });
    const strip = find(".tiles");
    strip.replaceChildren(...this.tiles.map((tile) => tile.button));
    strip.onkeydown = (event) => {
      const step = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
      const at = this.tiles.findIndex((tile) => tile.button === event.target);
      this.tiles[at + step]?.button.focus();
    };
  }

  /** Have it lead along a dimension. @param {number} dimension @param {string} called with its name */
  lead(dimension, called) {
    this.dimension = dimension;
    this.title.textContent = `Along ${called}, everything else as it is`;
    for (const { button, value } of this.tiles) {
      button.setAttribute("aria-label", `Set z${dimension} to ${number(value, 1)}`);
    }
  }

  /** Show where on it the code is. @param {ArrayLike<number>} code */
  mark(code) {
    const z = code[this.dimension];
    const place = (Math.min(END, Math.max(-END, z)) + END) / (2 * END);
    this.marker.style.setProperty("--at", String(place));
    // One stop for the Tab key, at the present value; the arrow keys go on from there.
    const nearest = Math.min(STRIP_VALUES.length - 1, Math.floor(place * STRIP_VALUES.length));
    const within = Math.abs(z) <= END;
    if (this.marked === `${nearest} ${within}`) return;
    this.marked = `${nearest} ${within}`;
    this.tiles.forEach(({ button }, position) => {
      button.classList.toggle("current", position === nearest && within);
      button.tabIndex = position === nearest ? 0 : -1;
    });
  }

  /** Have every tile drawn anew by `draw`. */
  refresh() {
    for (const tile of this.tiles) this.stale.add(tile); // those that wait keep their turn
  }

  /**
   * Draw tiles until none is stale or the time is over; one is drawn in any case.
   * @param {Decoder} decoder @param {ArrayLike<number>} code @param {number} end as `performance.now` has it
   * @returns {boolean} whether none is stale
   */
  draw(decoder, code, end) {
    for (const tile of this.stale) {
      this.code.set(code);
      this.code[this.dimension] = tile.value;
      tile.picture.draw(decoder.decode(this.code, this.out), 255);
      this.stale.delete(tile);
      if (performance.now() > end) break;
    }
    return this.stale.size === 0;
  }
}
