/** A map of the film with its buttons and keys. */

import { finder } from "../shared/elements.js";
import { enlarged } from "../shared/enlarged.js";
import { contextOf } from "../shared/pictures.js";
import { STEP_IN, WHOLE } from "./camera.js";
import { Hand } from "./hand.js";
import { nextPoint } from "./hits.js";
import { Marks, Tip } from "./marks.js";
import { Scene } from "./scene.js";
import { MovingView } from "./view.js";

/** @import { Film } from "../engine/film.js" */
/** @import { CursorMark } from "./cursor-mark.js" */
/** @import { SceneView } from "./camera.js" */
/** @import { Theme } from "./scene.js" */

/**
 * @typedef {Theme & {accent: string}} MapTheme accent: of the cursor and the lasso
 */

/**
 * What a map tells; points are those of its own film.
 * @typedef {object} MapListener
 * @property {() => void} changed it must be drawn anew
 * @property {(map: FilmMap, point: number, byKey: boolean) => void} pointed at a point, −1 for none
 * @property {(map: FilmMap, point: number) => void} chosen
 * @property {(map: FilmMap, points: number[]) => void} selected
 * @property {() => void} viewed it shows another part of the film
 * @property {() => void} allClasses none shall be hidden
 */

/**
 * What stands out. decoded: what the epoch's decoder makes of the image that is pointed at; path: show the way of one point
 * @typedef {{pointed: number, decoded: HTMLCanvasElement, cursor: CursorMark|null, path: boolean}} MapMarks
 */

const REACH = 12; // pixels around a point within which a pointer means it
const MOST_RATIO = 2; // pixels of the screen that are drawn to one of the page's
const HINT_MS = 1600;
/** @type {Record<string, [number, number]>} */
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class FilmMap {
  /** @param {HTMLElement} figure @param {Film} film @param {MapTheme} theme @param {MapListener} listener */
  constructor(figure, film, theme, listener) {
    this.figure = figure;
    this.listener = listener;
    this.find = finder(figure);
    this.field = this.find(".field");
    this.dots = this.find(".dots", HTMLCanvasElement);
    this.over = contextOf(this.find(".over", HTMLCanvasElement));
    this.nothing = this.find(".nothing");
    this.ratio = 1;
    this.pointed = -1;
    this.silence = 0; // the timer that takes a hint away
    this.saidOfWhole = false;
    this.view = new MovingView(this.dots, {
      changed: () => {
        this.showState();
        listener.changed();
      },
      rested: () => listener.viewed(),
    });
    this.hand = new Hand(this.field, this.view, {
      pointAt: (place) => this.scene.nearest(place, REACH * this.ratio),
      ratio: () => this.ratio,
      pointed: (point) => listener.pointed(this, point, false),
      chosen: (point) => listener.chosen(this, point),
      selected: (outline) => listener.selected(this, this.scene.enclosed(outline)),
      changed: listener.changed,
      moved: listener.viewed,
      hint: (hint) => this.hint(hint),
    });
    this.film = film;
    this.scene = new Scene(film, theme);
    this.accent = theme.accent;
    this.tip = new Tip(this.find(".tip"), film);
    this.listen();
  }

  /** Show a film. @param {Film} film @param {MapTheme} theme @param {SceneView} view */
  open(film, theme, view) {
    this.film = film;
    this.scene = new Scene(film, theme);
    this.accent = theme.accent;
    this.tip = new Tip(this.find(".tip"), film);
    this.view.open(this.scene, view);
    this.showState();
  }

  /** @param {MapTheme} theme */
  setTheme(theme) {
    this.scene.setTheme(theme);
    this.accent = theme.accent;
  }

  listen() {
    this.field.onkeydown = (event) => this.press(event);
    this.field.onblur = () => this.listener.pointed(this, -1, false);
    this.find(".in").onclick = () => this.enlarge(STEP_IN);
    this.find(".out").onclick = () => this.enlarge(1 / STEP_IN);
    this.find(".whole").onclick = () => this.view.fly(WHOLE);
    this.find(".lasso").onclick = () => this.useLasso(!this.hand.lasso);
    this.find(".nothing button").onclick = () => {
      if (!this.view.isWhole()) this.view.fly(WHOLE);
      else this.listener.allClasses();
      this.field.focus({ preventScroll: true });
    };
    new ResizeObserver(() => this.listener.changed()).observe(this.field);
  }

  // Drawing ---------------------------------------------------------------------------------------------------------

  /** @param {number} at frame @param {MapMarks} marks */
  paint(at, marks) {
    const ratio = Math.min(MOST_RATIO, devicePixelRatio || 1);
    const width = Math.round(this.field.clientWidth * ratio);
    const height = Math.round(this.field.clientHeight * ratio);
    if (!width || !height) return;
    for (const canvas of [this.dots, this.over.canvas]) {
      if (canvas.width !== width) canvas.width = width;
      if (canvas.height !== height) canvas.height = height;
    }
    this.ratio = ratio;
    this.scene.ratio = ratio * enlarged();
    this.scene.paint(this.dots, at, this.view.now);
    this.paintMarks(at, marks);
    this.showNothing();
  }

  /** @param {number} at @param {MapMarks} marks */
  paintMarks(at, { pointed, decoded, cursor, path }) {
    const { scene, ratio, hand } = this;
    const view = this.view.now;
    const marks = new Marks(this.over, scene, scene.ratio, this.accent);
    const followed = pointed >= 0 ? pointed : (cursor?.point ?? -1);
    if (path && followed >= 0) marks.path(followed, at, view);
    if (cursor) marks.cursor(cursor);
    if (pointed >= 0) marks.ring(pointed, view);
    if (hand.outline && hand.outline.length > 1) marks.lasso(hand.outline);
    if (pointed < 0 || hand.outline) this.tip.hide();
    else this.tip.show(pointed, scene.xs[pointed] / ratio, scene.ys[pointed] / ratio, this.field, decoded);
  }

  /** Where no point is to be seen, how to get back to them. */
  showNothing() {
    const empty = this.scene.drawn === 0;
    const whole = this.view.isWhole();
    if (empty === !this.nothing.hidden && whole === this.saidOfWhole) return;
    this.saidOfWhole = whole;
    this.nothing.hidden = !empty;
    const said = whole ? "All classes are hidden." : "No point lies here.";
    this.find(".nothing p").textContent = empty ? said : "";
  }

  /** @param {string} epoch "" where it says nothing of the weights @param {string} remark what is known of it besides */
  showMoment(epoch, remark) {
    this.find(".moment span").textContent = epoch ? "Epoch" : "Weights";
    this.find(".moment b").textContent = epoch;
    this.find(".moment small").textContent = remark;
  }

  /** @param {string} text for a moment */
  hint(text) {
    const hint = this.find(".hint");
    hint.textContent = text;
    hint.classList.add("shown");
    clearTimeout(this.silence);
    this.silence = setTimeout(() => hint.classList.remove("shown"), HINT_MS);
  }

  // What can be pressed ---------------------------------------------------------------------------------------------

  /** @param {boolean} lasso whether a drag draws one */
  useLasso(lasso) {
    this.hand.lasso = lasso;
    this.find(".lasso").setAttribute("aria-pressed", String(lasso));
    this.field.classList.toggle("lassoing", lasso);
    this.showState();
  }

  /** A finger pans what is enlarged; otherwise it scrolls the page. */
  showState() {
    this.field.classList.toggle("enlarged", !this.view.isWhole() || this.hand.lasso);
  }

  /** @param {number} factor around the point that is pointed at, or the middle */
  enlarge(factor) {
    const { xs, ys } = this.scene;
    this.view.enlarge(factor, this.pointed >= 0 ? [xs[this.pointed], ys[this.pointed]] : null);
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    if (key in DIRECTIONS) this.step(DIRECTIONS[key]);
    else if (key === "Enter" && this.pointed >= 0) this.listener.chosen(this, this.pointed);
    else if (key === "+" || key === "=") this.enlarge(STEP_IN);
    else if (key === "-" || key === "_") this.enlarge(1 / STEP_IN);
    else if (key === "0") this.view.fly(WHOLE);
    else if (key === "Escape") this.listener.pointed(this, -1, true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Go to the next point in a direction, from the one that is pointed at. @param {[number, number]} direction */
  step(direction) {
    const point = nextPoint(this.scene, this.dots, this.pointed, direction);
    if (point >= 0) this.listener.pointed(this, point, true);
  }
}
