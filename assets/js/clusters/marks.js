/** What stands out on a map, drawn over its points: the cursor, the point that is pointed at and its way, the lasso. */

import { finder } from "../shared/elements.js";
import { Picture } from "../shared/pictures.js";

/** @import { Film } from "../engine/film.js" */
/** @import { SceneView } from "./camera.js" */
/** @import { CursorMark } from "./cursor-mark.js" */
/** @import { Scene } from "./scene.js" */

/** The colours that marks have besides those of the scene. @typedef {{accent: string}} Accent */

/** A pen on the canvas over the points. */
export class Marks {
  /** @param {CanvasRenderingContext2D} context @param {Scene} scene below @param {number} ratio @param {string} accent */
  constructor(context, scene, ratio, accent) {
    this.context = context;
    this.scene = scene;
    this.ratio = ratio;
    this.accent = accent;
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    context.lineJoin = context.lineCap = "round";
  }

  /** Stroke what was outlined, clear of what is behind it. @param {string} colour @param {number} width */
  stroke(colour, width) {
    const { context, ratio } = this;
    context.strokeStyle = this.scene.theme.background;
    context.lineWidth = (width + 2) * ratio;
    context.stroke();
    context.strokeStyle = colour;
    context.lineWidth = width * ratio;
    context.stroke();
  }

  /** @param {number[][]} places */
  outline(places) {
    this.context.beginPath();
    for (const [x, y] of places) this.context.lineTo(x, y);
  }

  /** The way of one point up to a moment. @param {number} point @param {number} at @param {SceneView} view */
  path(point, at, view) {
    const { context, scene, ratio } = this;
    const { text } = scene.theme;
    const places = scene.path(point, at, view, context.canvas);
    this.outline(places);
    this.stroke(text, 1.25);
    context.fillStyle = text;
    for (const [x, y] of places) {
      context.beginPath();
      context.arc(x, y, 2 * ratio, 0, 2 * Math.PI);
      context.fill();
    }
  }

  /** @param {CursorMark} mark */
  cursor({ place, exact }) {
    const { context, ratio, accent } = this;
    const [x, y] = place();
    context.beginPath();
    context.setLineDash(exact ? [] : [4 * ratio, 4 * ratio]);
    context.arc(x, y, 9 * ratio, 0, 2 * Math.PI);
    this.stroke(accent, 2.5);
    context.setLineDash([]);
    context.font = `600 ${12 * ratio}px sans-serif`;
    context.textBaseline = "middle";
    const label = exact ? "cursor" : "cursor, approximate place";
    const right = x + (16 + 7 * label.length) * ratio < context.canvas.width;
    context.textAlign = right ? "left" : "right";
    context.lineWidth = 3 * ratio;
    context.strokeStyle = this.scene.theme.background;
    const left = x + (right ? 14 : -14) * ratio;
    context.strokeText(label, left, y);
    context.fillStyle = accent;
    context.fillText(label, left, y);
  }

  /** A ring round a point. @param {number} point @param {SceneView} view */
  ring(point, view) {
    const { context, scene, ratio } = this;
    context.beginPath();
    context.arc(scene.xs[point], scene.ys[point], scene.radius(view) + 3.5 * ratio, 0, 2 * Math.PI);
    this.stroke(scene.theme.text, 2);
  }

  /** @param {number[][]} outline */
  lasso(outline) {
    const { context, accent } = this;
    this.outline(outline);
    context.closePath();
    context.fillStyle = accent;
    context.globalAlpha = 0.12;
    context.fill();
    context.globalAlpha = 1;
    this.stroke(accent, 1.5);
  }
}

/** Beside the point that is pointed at: its image, and what is made of it. */
export class Tip {
  /** @param {HTMLElement} element @param {Film} film */
  constructor(element, film) {
    const find = finder(element);
    this.element = element;
    this.film = film;
    this.name = find("span");
    this.original = new Picture(find(".image", HTMLCanvasElement), film.imageShape);
    this.decoded = new Picture(find(".decoded", HTMLCanvasElement), film.imageShape);
    this.point = -1;
  }

  hide() {
    this.element.hidden = true;
  }

  /**
   * @param {number} point @param {number} x where it is, in the page's pixels of the map @param {number} y
   * @param {HTMLElement} field the map @param {HTMLCanvasElement} decoded what the epoch's decoder makes of it
   */
  show(point, x, y, field, decoded) {
    const { element, film } = this;
    const { clientWidth: width, clientHeight: height } = field;
    element.hidden = x < 0 || y < 0 || x > width || y > height;
    if (element.hidden) return;
    if (point !== this.point) {
      this.point = point;
      this.original.draw(film.image(point), 1);
      this.name.textContent = film.about.class_names[film.labels[point]];
      element.dataset.index = String(film.indices[point]);
    }
    this.decoded.context.clearRect(0, 0, decoded.width, decoded.height); // it may be empty, see drawDecoded
    this.decoded.context.drawImage(decoded, 0, 0);
    const [wide, high] = [element.offsetWidth, element.offsetHeight];
    const left = x + 16 + wide < width ? x + 16 : x - 16 - wide;
    const top = Math.min(Math.max(4, y - high / 2), height - high - 4);
    element.style.transform = `translate(${left}px, ${top}px)`;
  }
}
