/** Writing on the field of the Draw page by hand. */

import { finder } from "../shared/elements.js";

/** @import { Stroke } from "../engine/ink.js" */

/** The pen and the eraser. */
export class Pen {
  /**
   * @param {HTMLElement} root @param {HTMLCanvasElement} ink @param {CanvasRenderingContext2D} context of it
   * @param {{drawing: () => void, drawn: (stroke: Stroke) => void}} told drawing: while a stroke is under the hand
   */
  constructor(root, ink, context, told) {
    const find = finder(root);
    this.ink = ink;
    this.context = context;
    this.told = told;
    this.ready = false; // whether there is a run to write for
    this.eraser = find("[value=eraser]", HTMLInputElement);
    this.width = find(".width input", HTMLInputElement);
    /** @type {Stroke|null} the one under the hand */
    this.stroke = null;
    ink.onpointerdown = (event) => this.begin(event);
    ink.onpointermove = (event) => this.go(event);
    ink.onpointerup = ink.onpointercancel = (event) => this.end(event);
  }

  /** @param {PointerEvent} event @returns {[x: number, y: number]} in pixels of the field */
  at(event) {
    const box = this.ink.getBoundingClientRect();
    const across = ((event.clientX - box.left) / box.width) * this.ink.width;
    const down = ((event.clientY - box.top) / box.height) * this.ink.height;
    return [Math.round(across * 2) / 2, Math.round(down * 2) / 2];
  }

  /** @param {PointerEvent} event */
  begin(event) {
    if (!this.ready || this.stroke || event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    try {
      this.ink.setPointerCapture(event.pointerId);
    } catch {
      // The pointer is gone already, as after a tap under a busy machine; the stroke is a dot then.
    }
    const [x, y] = this.at(event);
    this.stroke = { kind: "stroke", width: Number(this.width.value), erase: this.eraser.checked, points: [x, y] };
    this.draw(this.stroke, x, y, x, y);
    this.told.drawing();
  }

  /** @param {PointerEvent} event */
  go(event) {
    const { stroke } = this;
    if (!stroke || !event.isPrimary) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) {
      const [x, y] = this.at(one);
      const [fromX, fromY] = stroke.points.slice(-2);
      if (x === fromX && y === fromY) continue;
      stroke.points.push(x, y);
      this.draw(stroke, fromX, fromY, x, y);
    }
    this.told.drawing();
  }

  /** @param {PointerEvent} event */
  end(event) {
    const { stroke } = this;
    if (!stroke || !event.isPrimary) return;
    this.stroke = null;
    this.told.drawn(stroke);
  }

  /** Draw a stroke that was written before. @param {Stroke} stroke */
  drawAgain(stroke) {
    const { points } = stroke;
    this.draw(stroke, points[0], points[1], points[0], points[1]);
    for (let i = 2; i < points.length; i += 2) {
      this.draw(stroke, points[i - 2], points[i - 1], points[i], points[i + 1]);
    }
  }

  /**
   * Every piece is drawn alone, so that a drawing drawn anew is the same to the last grey.
   * @param {Stroke} stroke @param {number} fromX @param {number} fromY @param {number} toX @param {number} toY
   */
  draw({ width, erase }, fromX, fromY, toX, toY) {
    const { context } = this;
    context.lineCap = "round";
    context.lineWidth = width;
    context.strokeStyle = erase ? "#000" : "#fff";
    context.beginPath();
    context.moveTo(fromX, fromY);
    context.lineTo(toX, toY);
    context.stroke();
  }
}
