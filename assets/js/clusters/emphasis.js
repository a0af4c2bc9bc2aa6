/** Which points are drawn, and which of these are meant: the selection, or the class that is pointed at in the legend. */

/** @import { Scene } from "./scene.js" */
/** @import { Film } from "../engine/film.js" */
/** @import { Side } from "./sides.js" */

export class Emphasis {
  /** @param {Iterable<number>} hidden classes */
  constructor(hidden) {
    this.hidden = new Set(hidden);
    this.label = -1; // a class that is pointed at in the legend
    /** @type {number[]} points of the first film */
    this.selection = [];
  }

  /** Have a scene draw them so. @param {Scene<Film>} scene @param {Side} side */
  show(scene, { film, pointOf }) {
    const { labels, points } = film;
    for (let point = 0; point < points; point++) scene.hidden[point] = this.hidden.has(labels[point]) ? 1 : 0;
    scene.meant = null;
    if (this.label >= 0 && !this.hidden.has(this.label)) {
      scene.meant = Uint8Array.from(labels, (label) => (label === this.label ? 1 : 0));
    } else if (this.selection.length) {
      scene.meant = new Uint8Array(points);
      for (const point of this.selection) {
        const own = pointOf(point);
        if (own >= 0) scene.meant[own] = 1;
      }
    }
  }
}
