/** The grid between four corners. */

import { finder } from "../shared/elements.js";
import { Mosaic } from "../shared/mosaic.js";
import { Picture } from "../shared/pictures.js";
import { USUAL } from "./address.js";
import { LETTERS } from "./ends.js";

/** @import { LiveRun } from "../engine/run.js" */
/** @import { Cursor } from "../shared/cursor.js" */
/** @import { Way } from "../engine/walk.js" */

export const SIDE = 8; // it has as many rows and columns
export const CORNERS = [0, SIDE - 1, SIDE * (SIDE - 1), SIDE * SIDE - 1]; // their cells

/** @param {number} cell @returns {number[]} how much each corner counts in it */
function weights(cell) {
  const down = Math.floor(cell / SIDE) / (SIDE - 1);
  const right = (cell % SIDE) / (SIDE - 1);
  return [(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right];
}

export class Corners {
  /**
   * @param {HTMLElement} root @param {LiveRun} run @param {Way} way
   * @param {(cell: number) => void} choose told of the cell that is pressed
   * @param {number} [looked] the cell that is looked at; the middle, until one is pointed at
   */
  constructor(root, run, way, choose, looked = USUAL.cell) {
    const find = finder(root);
    this.way = way;
    this.looked = looked;
    this.codes = cellsOf(way);
    this.out = new Float32Array(run.pixels);
    this.picture = new Picture(find(".looked", HTMLCanvasElement), run.imageShape);
    this.text = find(".looked-text");
    this.mosaic = new Mosaic(find(".grid"), { columns: SIDE, choose, look: (cell) => this.look(cell) });
    const names = this.codes.map((_, cell) => `Row ${Math.floor(cell / SIDE) + 1}, column ${(cell % SIDE) + 1}`);
    this.mosaic.open(run, names);
  }

  /** Its cells are drawn by `draw`. @param {Way} way */
  lie(way) {
    this.way = way;
    this.codes = cellsOf(way);
    this.look(this.looked);
  }

  draw() {
    this.mosaic.show(this.way.decoder, this.codes);
  }

  /** @param {number} cell */
  look(cell) {
    this.looked = cell;
    this.picture.draw(this.way.decoder.decode(this.codes[cell], this.out), 255);
    this.text.textContent = weights(cell)
      .map((weight, corner) => `${LETTERS[corner]} ${Math.round(100 * weight)} %`)
      .join(" · ");
  }

  /** @param {Cursor} cursor */
  mark(cursor) {
    this.mosaic.mark(this.codes.findIndex((code) => cursor.isAt(code)));
  }

  /** @param {number} cell */
  nameOf(cell) {
    return this.mosaic.buttons[cell].getAttribute("aria-label") ?? "";
  }
}

/** @param {Way} way @returns {Float32Array[]} */
function cellsOf({ codes }) {
  return Array.from({ length: SIDE * SIDE }, (_, cell) => {
    const shares = weights(cell);
    return codes[0].map((_, dimension) =>
      codes.reduce((sum, code, corner) => sum + shares[corner] * code[dimension], 0),
    );
  });
}
