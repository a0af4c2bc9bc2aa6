/** A map of the film that plays alone, and the hand on it. */

import { make } from "../shared/elements.js";
import { contextOf } from "../shared/pictures.js";
import { Scene } from "./scene.js";

/** @import { Size } from "./camera.js" */
/** @import { SavedFilm } from "./packed.js" */
/** @import { Theme } from "./scene.js" */

/**
 * @typedef {object} PlayerMapListener
 * @property {(map: PlayerMap, factor: number, place: [number, number]) => void} zoomed
 * @property {(map: PlayerMap, across: number, down: number, size: Size) => void} panned by so many pixels, of a map of
 *   that size
 * @property {() => void} whole show the whole film
 * @property {(map: PlayerMap, point: number) => void} pointed −1 for none
 */

const NEAR = 14; // CSS pixels within which a point is pointed at

export class PlayerMap {
  /** @param {SavedFilm} film @param {Theme} theme @param {PlayerMapListener} listener */
  constructor(film, theme, listener) {
    this.film = film;
    this.listener = listener;
    this.scene = new Scene(film, theme);
    this.figure = make("figure");
    this.canvas = make("canvas", "", "", { role: "img" });
    this.caption = make("figcaption");
    this.nothing = make("p", "nothing", "No point lies here: “Whole” and the key 0 show all.", { role: "status" });
    this.figure.append(this.caption, this.canvas, this.nothing);
    /** @type {[number, number]|null} where the pointer was that moves the film */
    this.held = null;
    this.taken = false; // until the pointer leaves it
    this.listen();
  }

  listen() {
    const { canvas, listener } = this;
    canvas.onpointerleave = () => {
      this.taken = false;
    };
    // The wheel scrolls the page, as everywhere, until somebody has taken hold of the map.
    canvas.onwheel = (event) => {
      if (!event.ctrlKey && !event.metaKey && !this.taken) return;
      event.preventDefault();
      listener.zoomed(this, Math.exp(-event.deltaY / 400), this.pixel(event));
    };
    canvas.ondblclick = () => listener.whole();
    canvas.onpointerdown = ({ pointerId, clientX, clientY }) => {
      canvas.setPointerCapture(pointerId);
      this.held = [clientX, clientY];
      this.taken = true;
    };
    canvas.onpointerup = canvas.onpointercancel = () => {
      this.held = null;
    };
    canvas.onpointermove = (event) => {
      if (this.held) this.drag(this.held, event);
      listener.pointed(this, this.scene.nearest(this.pixel(event), NEAR * this.scene.ratio));
    };
  }

  /** @param {[number, number]} from @param {PointerEvent} event */
  drag([x, y], { clientX, clientY }) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    this.held = [clientX, clientY];
    this.listener.panned(this, clientX - x, clientY - y, { width, height });
  }

  /** @param {MouseEvent} event @returns {[number, number]} where it is, in pixels of the canvas */
  pixel({ clientX, clientY }) {
    const { canvas } = this;
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [((clientX - left) / width) * canvas.width, ((clientY - top) / height) * canvas.height];
  }

  resize() {
    const { canvas, scene } = this;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((size) => Math.round(size * ratio));
    if (width > 0 && width !== canvas.width) canvas.width = width;
    if (width > 0 && height !== canvas.height) canvas.height = height;
    scene.ratio = ratio;
  }

  /** A ring round a point, if it is drawn. @param {number} point */
  ring(point) {
    const { scene, canvas } = this;
    const context = contextOf(canvas);
    if (point < 0 || scene.hidden[point]) return;
    for (const { width, colour } of [
      { width: 5, colour: scene.theme.background },
      { width: 2, colour: scene.theme.text },
    ]) {
      context.beginPath();
      context.arc(scene.xs[point], scene.ys[point], 7 * scene.ratio, 0, 2 * Math.PI);
      context.lineWidth = width * scene.ratio;
      context.strokeStyle = colour;
      context.stroke();
    }
  }
}
