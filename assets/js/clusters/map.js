/**
 * A map of the film and the hand on it: pointing, choosing, drawing a lasso, moving and enlarging, and the same by keys.
 */

import { Picture } from "../shared/pictures.js";
import { WHOLE, Scene } from "./scene.js";

const REACH = 12; // pixels around a point within which a pointer means it
const CLICK = 4; // pixels that a pointer may move between down and up
const CLOSEST = 80; // times that the whole can be enlarged
const STEP_IN = 1.6; // of a button or a key
const FLIGHT_MS = 220; // that such a step takes
const MOST_RATIO = 2; // pixels of the screen that are drawn to one of the page's

export class FilmMap {
  /**
   * @param {HTMLElement} figure
   * @param {{changed: function(), pointed: function(FilmMap, number, boolean), chosen: function(FilmMap, number),
   *   selected: function(FilmMap, number[]), viewed: function(), allClasses: function()}} listener changed: it must be
   *   drawn anew; pointed: at a point, −1 for none, and whether by a key; allClasses: none shall be hidden
   */
  constructor(figure, listener) {
    this.figure = figure;
    this.listener = listener;
    this.find = (selector) => figure.querySelector(selector);
    this.field = this.find(".field");
    this.dots = this.find(".dots");
    this.over = this.find(".over");
    this.tip = this.find(".tip");
    this.view = { ...WHOLE };
    this.flight = null;
    this.pointers = new Map();
    this.drawing = null; // corners of the lasso while it is drawn
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.listen();
    new ResizeObserver(() => this.scene && listener.changed()).observe(this.field);
  }

  open(film, theme) {
    this.film = film;
    this.scene = new Scene(film, theme);
    this.tipPicture = new Picture(this.tip.querySelector(".image"), film.imageShape);
    this.tipDecoded = new Picture(this.tip.querySelector(".decoded"), film.imageShape);
    this.tipPoint = -1;
  }

  // Drawing ---------------------------------------------------------------------------------------------------------

  /**
   * @param {number} at frame
   * @param {{pointed: number, decoded: HTMLCanvasElement, cursor: object|null, path: boolean}} marks what stands out;
   *   decoded: what the epoch's decoder makes of the image that is pointed at
   */
  paint(at, marks) {
    const ratio = Math.min(MOST_RATIO, devicePixelRatio || 1);
    const width = Math.round(this.field.clientWidth * ratio);
    const height = Math.round(this.field.clientHeight * ratio);
    if (!width || !height) return;
    for (const canvas of [this.dots, this.over]) {
      if (canvas.width !== width) canvas.width = width;
      if (canvas.height !== height) canvas.height = height;
    }
    this.scene.ratio = this.ratio = ratio;
    this.scene.paint(this.dots, at, this.view);
    this.paintOver(at, marks);
    this.showNothing();
  }

  /** Where no point is to be seen, how to get back to them. */
  showNothing() {
    const nothing = this.find(".nothing");
    const empty = this.scene.drawn === 0;
    if (empty === !nothing.hidden && this.isWhole() === this.saidOfWhole) return;
    this.saidOfWhole = this.isWhole();
    nothing.hidden = !empty;
    const said = this.saidOfWhole ? "All classes are hidden." : "No point lies here.";
    nothing.querySelector("p").textContent = empty ? said : "";
  }

  isWhole() {
    return this.view.scale <= 1.001;
  }

  paintOver(at, { pointed, decoded, cursor, path }) {
    const context = this.over.getContext("2d");
    const { scene, ratio } = this;
    const { text, background, accent } = scene.theme;
    context.clearRect(0, 0, this.over.width, this.over.height);
    context.lineJoin = context.lineCap = "round";
    const stroke = (colour, width) => {
      context.strokeStyle = background;
      context.lineWidth = (width + 2) * ratio;
      context.stroke();
      context.strokeStyle = colour;
      context.lineWidth = width * ratio;
      context.stroke();
    };
    const followed = pointed >= 0 ? pointed : (cursor?.point ?? -1);
    if (path && followed >= 0) {
      const places = scene.path(followed, at, this.view, this.over.width, this.over.height);
      context.beginPath();
      places.forEach(([x, y], step) => (step ? context.lineTo(x, y) : context.moveTo(x, y)));
      stroke(text, 1.25);
      context.fillStyle = text;
      for (const [x, y] of places) {
        context.beginPath();
        context.arc(x, y, 2 * ratio, 0, 2 * Math.PI);
        context.fill();
      }
    }
    if (cursor) {
      const [x, y] = cursor.place();
      context.beginPath();
      context.setLineDash(cursor.exact ? [] : [4 * ratio, 4 * ratio]);
      context.arc(x, y, 9 * ratio, 0, 2 * Math.PI);
      stroke(accent, 2.5);
      context.setLineDash([]);
      context.font = `600 ${12 * ratio}px sans-serif`;
      context.textBaseline = "middle";
      const label = cursor.exact ? "cursor" : "cursor, approximate place";
      const right = x + (16 + 7 * label.length) * ratio < this.over.width;
      context.textAlign = right ? "left" : "right";
      context.lineWidth = 3 * ratio;
      context.strokeStyle = background;
      const left = x + (right ? 14 : -14) * ratio;
      context.strokeText(label, left, y);
      context.fillStyle = accent;
      context.fillText(label, left, y);
    }
    if (pointed >= 0) {
      context.beginPath();
      context.arc(scene.xs[pointed], scene.ys[pointed], scene.radius(this.view) + 3.5 * ratio, 0, 2 * Math.PI);
      stroke(text, 2);
    }
    if (this.drawing?.length > 1) {
      context.beginPath();
      this.drawing.forEach(([x, y], step) => (step ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.closePath();
      context.fillStyle = accent;
      context.globalAlpha = 0.12;
      context.fill();
      context.globalAlpha = 1;
      stroke(accent, 1.5);
    }
    this.showTip(pointed, decoded);
  }

  /** The image of the point that is pointed at, beside it, and what is made of it. */
  showTip(point, decoded) {
    const { tip, scene, ratio, film } = this;
    const [x, y] = point >= 0 ? [scene.xs[point] / ratio, scene.ys[point] / ratio] : [-1, -1];
    const { clientWidth: width, clientHeight: height } = this.field;
    tip.hidden = point < 0 || this.drawing !== null || x < 0 || y < 0 || x > width || y > height;
    if (tip.hidden) return;
    if (point !== this.tipPoint) {
      this.tipPoint = point;
      this.tipPicture.draw(film.image(point), 1);
      tip.querySelector("span").textContent = film.about.class_names[film.labels[point]];
      tip.dataset.index = film.indices[point];
    }
    this.tipDecoded.context.clearRect(0, 0, decoded.width, decoded.height); // it may be empty, see drawDecoded
    this.tipDecoded.context.drawImage(decoded, 0, 0);
    const [wide, high] = [tip.offsetWidth, tip.offsetHeight];
    const left = x + 16 + wide < width ? x + 16 : x - 16 - wide;
    const top = Math.min(Math.max(4, y - high / 2), height - high - 4);
    tip.style.transform = `translate(${left}px, ${top}px)`;
  }

  // The hand --------------------------------------------------------------------------------------------------------

  listen() {
    const { field } = this;
    field.onpointerdown = (event) => this.down(event);
    field.onpointermove = (event) => this.move(event);
    field.onpointerup = (event) => this.up(event);
    field.onpointercancel = (event) => this.letGo(event);
    field.onpointerleave = (event) => {
      if (!this.pointers.has(event.pointerId) && event.pointerType === "mouse") this.listener.pointed(this, -1, false);
    };
    field.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    field.ondblclick = (event) => {
      if (this.pointAt(event) < 0) this.fly(WHOLE);
    };
    field.onkeydown = (event) => this.press(event);
    field.onblur = () => this.listener.pointed(this, -1, false);
    this.find(".in").onclick = () => this.enlarge(STEP_IN);
    this.find(".out").onclick = () => this.enlarge(1 / STEP_IN);
    this.find(".whole").onclick = () => this.fly(WHOLE);
    this.find(".nothing button").onclick = () => {
      if (!this.isWhole()) this.fly(WHOLE);
      else this.listener.allClasses();
      this.field.focus({ preventScroll: true });
    };
    this.find(".lasso").onclick = () => this.useLasso(!this.lasso);
  }

  useLasso(lasso) {
    this.lasso = lasso;
    this.find(".lasso").setAttribute("aria-pressed", String(lasso));
    this.field.classList.toggle("lassoing", lasso);
    this.showState();
  }

  /** @returns {number[]} pixels of the canvas */
  place(event) {
    const { left, top } = this.field.getBoundingClientRect();
    return [(event.clientX - left) * this.ratio, (event.clientY - top) * this.ratio];
  }

  pointAt(event) {
    return this.scene.nearest(...this.place(event), REACH * this.ratio);
  }

  down(event) {
    if (event.button !== 0 || !this.scene) return;
    this.field.focus({ preventScroll: true });
    this.field.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.place(event));
    this.began = this.place(event);
    this.dragged = this.pointers.size > 1;
    this.flight = null;
    this.drawing = this.pointers.size === 1 && (this.lasso || event.shiftKey) ? [this.place(event)] : null;
    if (this.drawing) this.listener.pointed(this, -1, false);
  }

  move(event) {
    if (!this.scene) return;
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      if (!this.pointers.size) this.listener.pointed(this, this.pointAt(event), false);
      return;
    }
    const now = this.place(event);
    const far = Math.hypot(now[0] - this.began[0], now[1] - this.began[1]);
    if (!this.dragged && far <= CLICK * this.ratio) return;
    if (this.drawing) {
      this.drawing.push(now);
      this.dragged = true;
      this.listener.changed();
      return;
    }
    if (this.pointers.size === 2) {
      const [other] = [...this.pointers].find(([id]) => id !== event.pointerId).slice(1);
      const reach = (from) => Math.max(1, Math.hypot(from[0] - other[0], from[1] - other[1]));
      this.zoom([(now[0] + other[0]) / 2, (now[1] + other[1]) / 2], reach(now) / reach(before));
      this.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    } else {
      const from = this.dragged ? before : this.began;
      this.field.classList.add("moving");
      this.pan(now[0] - from[0], now[1] - from[1]);
    }
    this.dragged = true;
    this.pointers.set(event.pointerId, now);
  }

  up(event) {
    if (!this.pointers.has(event.pointerId)) return;
    const { drawing, dragged } = this;
    this.letGo(event);
    if (drawing && dragged) {
      this.listener.selected(this, this.scene.enclosed(drawing));
    } else if (!dragged && !drawing) {
      const point = this.pointAt(event);
      if (point >= 0) this.listener.chosen(this, point);
    }
  }

  letGo(event) {
    this.pointers.delete(event.pointerId);
    this.drawing = null;
    this.field.classList.remove("moving");
    if (this.dragged) this.listener.viewed();
    this.listener.changed();
  }

  /** The wheel scrolls the page, as everywhere, until somebody has taken hold of the map. */
  wheel(event) {
    if (!this.scene) return;
    const held = this.field.matches(":focus") && !(this.view.scale <= 1 && event.deltaY > 0);
    if (!event.ctrlKey && !event.metaKey && !held) {
      if (event.deltaY < 0 && !this.field.matches(":focus")) this.say("Click the map, or hold Ctrl, to enlarge it with the wheel");
      return;
    }
    event.preventDefault();
    this.flight = null;
    const notches = event.deltaMode === 1 ? event.deltaY / 3 : event.deltaY / 100;
    this.zoom(this.place(event), Math.exp(-Math.min(3, Math.max(-3, notches)) * (event.ctrlKey ? 0.6 : 0.25)));
    this.listener.viewed();
    // What lies under the pointer then is known once it is painted.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        if (this.field.isConnected && !this.pointers.size) this.listener.pointed(this, this.pointAt(event), false);
      }),
    );
  }

  say(text) {
    const hint = this.find(".hint");
    hint.textContent = text;
    hint.classList.add("shown");
    clearTimeout(this.silence);
    this.silence = setTimeout(() => hint.classList.remove("shown"), 1600);
  }

  // The view --------------------------------------------------------------------------------------------------------

  pan(across, down) {
    const unit = this.scene.unit(this.view, this.dots.width, this.dots.height);
    this.look({ ...this.view, x: this.view.x - across / unit, y: this.view.y + down / unit });
  }

  /** Enlarge so that what is at a place of the canvas stays there. */
  zoom([x, y], factor) {
    const { width, height } = this.dots;
    const scale = Math.min(CLOSEST, Math.max(1, this.view.scale * factor));
    const [before, after] = [this.view, { ...this.view, scale }].map((view) => this.scene.unit(view, width, height));
    const change = 1 / before - 1 / after;
    this.look({ x: this.view.x + (x - width / 2) * change, y: this.view.y - (y - height / 2) * change, scale });
  }

  look(view) {
    this.view = this.scene.within(view, this.dots.width, this.dots.height);
    this.showState();
    this.listener.changed();
  }

  /** A finger pans what is enlarged; otherwise it scrolls the page. */
  showState() {
    this.field.classList.toggle("enlarged", !this.isWhole() || Boolean(this.lasso));
  }

  /** @param {number} factor around the point that is pointed at, or the middle */
  enlarge(factor) {
    const to = this.flight?.to ?? this.view;
    const kept = this.view;
    const { xs, ys } = this.scene;
    const point = this.pointed ?? -1;
    const { width, height } = this.dots;
    this.view = to;
    this.zoom(point >= 0 && !this.flight ? [xs[point], ys[point]] : [width / 2, height / 2], factor);
    const goal = this.view;
    this.view = kept;
    this.fly(goal);
  }

  fly(to) {
    this.flight = { from: this.view, to: { ...to }, began: performance.now() };
    this.listener.changed();
  }

  /** @returns {boolean} whether the view is on its way still */
  advance(now) {
    if (!this.flight) return false;
    const { from, to, began } = this.flight;
    const share = this.calm.matches ? 1 : Math.min(1, Math.max(0, now - began) / FLIGHT_MS);
    const eased = share * (2 - share);
    const scale = from.scale * (to.scale / from.scale) ** eased;
    // The middle moves with the enlargement, so that the way is straight.
    const part = to.scale === from.scale ? eased : (1 / from.scale - 1 / scale) / (1 / from.scale - 1 / to.scale);
    this.look({ x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part, scale });
    if (share < 1) return true;
    this.flight = null;
    this.listener.viewed();
    return false;
  }

  // Keys ------------------------------------------------------------------------------------------------------------

  press(event) {
    if (!this.scene || event.ctrlKey || event.metaKey || event.altKey) return;
    const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const { key } = event;
    if (key in directions) this.step(directions[key]);
    else if (key === "Enter" && this.pointed >= 0) this.listener.chosen(this, this.pointed);
    else if (key === "+" || key === "=") this.enlarge(STEP_IN);
    else if (key === "-" || key === "_") this.enlarge(1 / STEP_IN);
    else if (key === "0") this.fly(WHOLE);
    else if (key === "Escape") this.listener.pointed(this, -1, true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Go to the next point in a direction, from the one that is pointed at. */
  step([right, below]) {
    const { scene, film } = this;
    const { width, height } = this.dots;
    const from = this.pointed >= 0 ? this.pointed : -1;
    const [x, y] = from >= 0 ? [scene.xs[from], scene.ys[from]] : [width / 2, height / 2];
    let best = -1;
    let least = Infinity;
    for (let point = 0; point < film.points; point++) {
      if (scene.hidden[point] || point === from) continue;
      const [px, py] = [scene.xs[point], scene.ys[point]];
      if (px < 0 || py < 0 || px > width || py > height) continue;
      const along = (px - x) * right + (py - y) * below;
      const aside = Math.abs((px - x) * below + (py - y) * right);
      if (from >= 0 && (along <= 0.5 || aside > along)) continue;
      const cost = from >= 0 ? along + 2 * aside : Math.hypot(px - x, py - y);
      if (cost >= least) continue;
      least = cost;
      best = point;
    }
    if (best >= 0) this.listener.pointed(this, best, true);
  }
}
