/** The hand on a map, by pointer and wheel: pointing, choosing, drawing a lasso, moving and enlarging. */

import { WHOLE } from "./camera.js";

/** @import { MovingView } from "./view.js" */

/** @typedef {[number, number]} Pixel of the canvas */

/**
 * @typedef {object} HandListener
 * @property {(place: Pixel) => number} pointAt the point that a place means, −1 if it is none
 * @property {() => number} ratio of the canvas's pixels to the page's
 * @property {(point: number) => void} pointed at a point, −1 for none
 * @property {(point: number) => void} chosen a point was clicked
 * @property {(outline: Pixel[]) => void} selected a lasso was drawn
 * @property {() => void} changed something must be drawn anew
 * @property {() => void} moved the hand has let go of the view
 * @property {(hint: string) => void} hint what a person might want to know
 */

const CLICK = 4; // pixels that a pointer may move between down and up

export class Hand {
  /** @param {HTMLElement} field @param {MovingView} view @param {HandListener} listener */
  constructor(field, view, listener) {
    this.field = field;
    this.view = view;
    this.listener = listener;
    this.lasso = false; // whether a drag draws one
    /** @type {Pixel[]|null} corners of the lasso while it is drawn */
    this.outline = null;
    /** @type {Map<number, Pixel>} where each pointer is that is down */
    this.pointers = new Map();
    /** @type {Pixel} */
    this.began = [0, 0];
    this.dragged = false;
    field.onpointerdown = (event) => this.down(event);
    field.onpointermove = (event) => this.move(event);
    field.onpointerup = (event) => this.up(event);
    field.onpointercancel = (event) => this.letGo(event);
    field.onpointerleave = (event) => {
      if (!this.pointers.has(event.pointerId) && event.pointerType === "mouse") listener.pointed(-1);
    };
    field.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    field.ondblclick = (event) => {
      if (this.pointAt(event) < 0) view.fly(WHOLE);
    };
  }

  /** @param {MouseEvent} event @returns {Pixel} */
  place(event) {
    const { left, top } = this.field.getBoundingClientRect();
    const ratio = this.listener.ratio();
    return [(event.clientX - left) * ratio, (event.clientY - top) * ratio];
  }

  /** @param {MouseEvent} event */
  pointAt(event) {
    return this.listener.pointAt(this.place(event));
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (event.button !== 0) return;
    this.field.focus({ preventScroll: true });
    this.field.setPointerCapture(event.pointerId);
    this.began = this.place(event);
    this.pointers.set(event.pointerId, this.began);
    this.dragged = this.pointers.size > 1;
    this.view.flight = null;
    this.outline = this.pointers.size === 1 && (this.lasso || event.shiftKey) ? [this.began] : null;
    if (this.outline) this.listener.pointed(-1);
  }

  /** @param {PointerEvent} event */
  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      if (!this.pointers.size) this.listener.pointed(this.pointAt(event));
      return;
    }
    const now = this.place(event);
    const far = Math.hypot(now[0] - this.began[0], now[1] - this.began[1]);
    if (!this.dragged && far <= CLICK * this.listener.ratio()) return;
    if (this.outline) {
      this.outline.push(now);
      this.dragged = true;
      this.listener.changed();
      return;
    }
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other && this.pointers.size === 2) this.pinch(before, now, other);
    else this.drag(this.dragged ? before : this.began, now);
    this.dragged = true;
    this.pointers.set(event.pointerId, now);
  }

  /** @param {Pixel} from @param {Pixel} to */
  drag(from, to) {
    this.field.classList.add("moving");
    this.view.pan(to[0] - from[0], to[1] - from[1]);
  }

  /** One of two fingers has moved. @param {Pixel} from @param {Pixel} to @param {Pixel} other */
  pinch(from, to, other) {
    /** @param {Pixel} place */
    const reach = (place) => Math.max(1, Math.hypot(place[0] - other[0], place[1] - other[1]));
    this.view.zoom([(to[0] + other[0]) / 2, (to[1] + other[1]) / 2], reach(to) / reach(from));
    this.view.pan((to[0] - from[0]) / 2, (to[1] - from[1]) / 2);
  }

  /** @param {PointerEvent} event */
  up(event) {
    if (!this.pointers.has(event.pointerId)) return;
    const { outline, dragged } = this;
    this.letGo(event);
    if (outline && dragged) {
      this.listener.selected(outline);
    } else if (!dragged && !outline) {
      const point = this.pointAt(event);
      if (point >= 0) this.listener.chosen(point);
    }
  }

  /** @param {PointerEvent} event */
  letGo(event) {
    this.pointers.delete(event.pointerId);
    this.outline = null;
    this.field.classList.remove("moving");
    if (this.dragged) this.listener.moved();
    this.listener.changed();
  }

  /** The wheel scrolls the page, as everywhere, until somebody has taken hold of the map. @param {WheelEvent} event */
  wheel(event) {
    const { field, view, listener } = this;
    const focused = field.matches(":focus");
    const held = focused && !(view.now.scale <= 1 && event.deltaY > 0);
    if (!event.ctrlKey && !event.metaKey && !held) {
      if (event.deltaY < 0 && !focused) listener.hint("Click the map, or hold Ctrl, to enlarge it with the wheel");
      return;
    }
    event.preventDefault();
    view.flight = null;
    const notches = event.deltaMode === 1 ? event.deltaY / 3 : event.deltaY / 100;
    view.zoom(this.place(event), Math.exp(-Math.min(3, Math.max(-3, notches)) * (event.ctrlKey ? 0.6 : 0.25)));
    listener.moved();
    // What lies under the pointer then is known once it is painted.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        if (field.isConnected && !this.pointers.size) listener.pointed(this.pointAt(event));
      }),
    );
  }
}
