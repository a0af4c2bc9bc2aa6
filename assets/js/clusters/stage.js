/** The maps side by side: as many as there are runs, each as wide and high as its film needs. */

import { finder } from "../shared/elements.js";
import { epochWords } from "../shared/epochs.js";
import { WHOLE } from "./camera.js";
import { looks } from "./looks.js";
import { FilmMap } from "./map.js";
import { GLIDE_MS, gently } from "./playback.js";

/** @import { Kind } from "../engine/film.js" */
/** @import { MapListener, MapMarks, MapTheme } from "./map.js" */
/** @import { SceneView } from "./camera.js" */
/** @import { SceneOptions } from "./scene.js" */
/** @import { Sides } from "./sides.js" */

export class Stage {
  /** @param {HTMLElement} root @param {Sides} sides @param {MapListener} listener */
  constructor(root, sides, listener) {
    const find = finder(root);
    this.element = find(".maps");
    this.board = find(".board");
    const figure = find(".map");
    this.template = /** @type {HTMLElement} */ (figure.cloneNode(true));
    this.sides = sides;
    this.listener = listener;
    this.themed = ""; // the theme in which it is shown
    this.morphing = 0; // since when the points are on their way from another layout, 0 if they are not
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.maps = [new FilmMap(figure, sides.first, themeOf(figure), listener)];
  }

  /** @param {Sides} sides */
  open(sides) {
    this.sides = sides;
    const two = sides.all.length > 1;
    const theme = themeOf(this.maps[0].figure);
    for (const map of this.maps.splice(sides.all.length)) map.figure.remove();
    for (const [place, { film, about }] of sides.all.entries()) {
      const map = this.maps[place] ?? this.add(place, theme);
      map.open(film, theme, looks.views[viewKey(sides, place)] ?? WHOLE);
      map.find("figcaption").textContent = two ? about.name : "";
      map.field.setAttribute("aria-label", `Map of ${about.name}`);
    }
    this.board.classList.toggle("two", two);
  }

  /** @param {number} place @param {MapTheme} theme */
  add(place, theme) {
    const figure = /** @type {HTMLElement} */ (this.template.cloneNode(true));
    this.element.append(figure);
    this.maps[place] = new FilmMap(figure, this.sides.all[place].film, theme, this.listener);
    return this.maps[place];
  }

  /** @returns {boolean} whether it has changed */
  showTheme() {
    const theme = themeOf(this.maps[0].figure);
    const text = JSON.stringify(theme);
    if (text === this.themed) return false;
    this.themed = text;
    for (const map of this.maps) map.setTheme(theme);
    return true;
  }

  /** @param {string} colour by which the points are coloured @param {SceneOptions} options */
  show(colour, { numerals, images, trails, dim }) {
    for (const [place, { scene }] of this.maps.entries()) {
      scene.kind = this.sides.kindOf(place);
      scene.colourBy = colour;
      scene.options = { numerals, images, trails, dim };
    }
    const shapes = this.maps.map(({ scene }) => scene.shape);
    for (const [place, { figure }] of this.maps.entries()) figure.style.setProperty("--aspect", String(shapes[place]));
    this.element.style.setProperty("--aspects", String(shapes.reduce((sum, shape) => sum + shape)));
    this.element.style.setProperty("--count", String(shapes.length));
  }

  /** Let the points come from where they were in other layouts. @param {Kind[]} kinds of each map, before */
  morph(kinds) {
    if (this.calm.matches) return;
    for (const [place, { scene }] of this.maps.entries()) {
      if (scene.kind !== kinds[place]) scene.from = { kind: kinds[place], share: 0 };
    }
    this.morphing = performance.now();
  }

  /** @param {number} now @returns {boolean} whether something moves that is not the film */
  advance(now) {
    let moving = false;
    for (const map of this.maps) moving = map.view.advance(now) || moving;
    if (!this.morphing) return moving;
    const share = Math.min(1, Math.max(0, (now - this.morphing) / (2 * GLIDE_MS)));
    if (share === 1) this.morphing = 0;
    for (const { scene } of this.maps) {
      if (scene.from) scene.from = share < 1 ? { kind: scene.from.kind, share: gently(share) } : null;
    }
    return true;
  }

  /** @param {number} at moment of the first film @param {(place: number) => MapMarks} marksOf a map */
  paint(at, marksOf) {
    for (const [place, map] of this.maps.entries()) {
      const marks = marksOf(place);
      map.pointed = marks.pointed;
      map.paint(this.sides.momentOf(place, at), marks);
    }
  }

  /** Say which epoch each map shows. @param {number[]} frames */
  tell(frames) {
    const { all, first } = this.sides;
    for (const [place, map] of this.maps.entries()) {
      const { about, film } = all[place];
      const [frame, epoch] = [frames[place], film.epochs[frames[place]]];
      const { shown, remark } = epochWords(about, epoch);
      const ended = place > 0 && shown && frame === film.epochs.length - 1 && first.epochs[frames[0]] > epoch;
      map.showMoment(shown, ended ? "its last" : remark);
    }
  }

  /** @returns {number[]} the points that the first map shows now */
  inView() {
    const { scene, dots } = this.maps[0];
    const [right, below] = [dots.width, dots.height];
    return scene.enclosed([
      [0, 0],
      [right, 0],
      [right, below],
      [0, below],
    ]);
  }

  keepViews() {
    for (const [place, { view }] of this.maps.entries()) looks.views[viewKey(this.sides, place)] = view.now;
  }

  /** @returns {(SceneView|null)[]} what part of its film each map shows, null for all of it */
  views() {
    return this.maps.map(({ view }) => (view.isWhole() ? null : view.now));
  }

  /** @param {FilmMap} map @param {number} point of its film @returns {number} that of the first film, −1 if it has none */
  pointOn(map, point) {
    return map === this.maps[0] || point < 0 ? point : this.sides.first.point(map.film.indices[point]);
  }
}

/** @param {Sides} sides @param {number} place of a map @returns {string} by which its view is kept, see looks.js */
export const viewKey = (sides, place) => `${sides.all[place].about.name} ${place}`;

/** @param {HTMLElement} figure of a map @returns {MapTheme} as its style has it */
function themeOf(figure) {
  const { color, backgroundColor, caretColor: accent } = getComputedStyle(finder(figure)(".field"));
  const [red, green, blue] = Array.from(backgroundColor.matchAll(/[\d.]+/g), Number);
  const dark = 0.3 * red + 0.6 * green + 0.1 * blue < 128;
  return { text: color, background: backgroundColor, accent, dark };
}
