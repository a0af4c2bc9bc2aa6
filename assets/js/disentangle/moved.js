/** The same few test images, each moved along one dimension: the pictures that a cell of the matrix stands for. */

import { number } from "../engine/numbers.js";
import { finder, make } from "../shared/elements.js";
import { Mosaic } from "../shared/mosaic.js";

/** @import { LiveRun, Start } from "../engine/run.js" */

const IMAGES = 5;
const COLUMNS = 7;
const USUAL_RANGE = /** @type {const} */ ([-1.5, 1.5]);

export class Moved {
  /** @param {HTMLElement} root @param {LiveRun} run @param {(z: Float32Array, start: Start) => void} choose told the code of a picture that is pressed */
  constructor(root, run, choose) {
    this.run = run;
    const find = finder(root);
    this.section = find(".moved");
    this.title = find("#moved-title");
    this.words = find(".moved-words");
    this.heads = find(".moved-heads");
    const classes = [...new Set(run.labels)];
    const few = Array.from({ length: Math.min(IMAGES, run.labels.length) }, (_, i) => i);
    /** @type {number[]} places in the gallery: of as many classes as there are, then further ones of them */
    this.places = few.map((i) => {
      const label = classes[Math.floor((i * classes.length) / few.length)];
      const members = [...run.labels.keys()].filter((place) => run.labels[place] === label);
      return members[classes.length < few.length ? Math.min(i, members.length - 1) : 0];
    });
    /** @type {Float32Array[]} */
    this.codes = [];
    this.mosaic = new Mosaic(find(".moved-cells"), {
      columns: COLUMNS,
      choose: (tile) => {
        const index = run.indices[this.places[Math.floor(tile / COLUMNS)]];
        choose(this.codes[tile], { kind: "digit", index });
      },
    });
    this.mosaic.open(
      run,
      this.places.flatMap(() => Array(COLUMNS).fill("")),
    );
  }

  close() {
    this.mosaic.close();
  }

  /** @param {number} epoch @param {number} dimension @param {string} column of the matrix */
  show(epoch, dimension, column) {
    const { run } = this;
    const evidence = run.meaning.dimension(epoch, dimension)?.evidence;
    const [low, high] = evidence?.range ?? USUAL_RANGE;
    const values = Array.from({ length: COLUMNS }, (_, i) => low + ((high - low) * i) / (COLUMNS - 1));
    this.heads.replaceChildren(...values.map((value) => make("span", "", number(value, 1))));
    this.title.textContent = `${run.meaning.called(epoch, dimension)}, moved in ${this.places.length} ${run.about.noun}s`;
    this.codes = this.places.flatMap((place) =>
      values.map((value) => {
        const code = Float32Array.from(run.mean(epoch, place));
        code[dimension] = value;
        return code;
      }),
    );
    this.mosaic.buttons.forEach((button, tile) => {
      const place = this.places[Math.floor(tile / COLUMNS)];
      const name = run.about.class_names[run.label(place)];
      button.setAttribute("aria-label", `${name}, z${dimension} at ${number(values[tile % COLUMNS], 1)}`);
    });
    this.mosaic.show(run.decoder(epoch), this.codes);
    this.words.textContent = this.say(epoch, dimension, column);
  }

  /** @param {number} epoch @param {number} dimension @param {string} column @returns {string} */
  say(epoch, dimension, column) {
    const meant = this.run.meaning.at(epoch);
    const evidence = this.run.meaning.dimension(epoch, dimension)?.evidence;
    if (column === "class") return `Does the class change? z${dimension} goes from left to right.`;
    const factor = /** @type {import("../engine/meaning.js").Factor} */ (column);
    const effect = evidence?.effects?.[factor];
    if (effect === undefined) return `What z${dimension} does to ${column} was not measured.`;
    const share = evidence?.agreement?.[factor];
    const unit = meant?.factors?.[factor]?.unit ?? "";
    const perUnit = evidence?.per_unit?.[factor];
    const each =
      perUnit === undefined ? "" : `, ${number(perUnit, 1)}${unit === "°" ? "" : " "}${unit} for one unit of z`;
    const same = share === undefined ? "" : `; the same way in ${number(100 * share, 0)} %`;
    return `From left to right, ${column} changes by ${number(effect, 1)} standard deviations${each}${same}.`;
  }
}
