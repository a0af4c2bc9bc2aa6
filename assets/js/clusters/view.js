/** What part of the film a map shows, and how it moves there. */

import { WHOLE } from "./camera.js";

/** @import { SceneView, Size } from "./camera.js" */
/** @import { Scene } from "./scene.js" */

const FLIGHT_MS = 220; // that a step by a button or a key takes

export class MovingView {
  /**
   * @param {Size} size of the picture; as it is whenever it is needed
   * @param {{changed: () => void, rested: () => void}} listener rested: it has come to the end of its way
   */
  constructor(size, listener) {
    this.size = size;
    this.listener = listener;
    /** @type {SceneView} */
    this.now = { ...WHOLE };
    /** @type {{from: SceneView, to: SceneView, began: number}|null} */
    this.flight = null;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
  }

  /** @param {Scene} scene that is shown @param {SceneView} view */
  open(scene, view) {
    this.scene = scene;
    this.now = { ...view };
    this.flight = null;
  }

  isWhole() {
    return this.now.scale <= 1.001;
  }

  /** Show this at once. @param {SceneView} view */
  look(view) {
    this.now = view;
    this.listener.changed();
  }

  /** @param {number} across pixels that the hand moved the film to the right @param {number} down */
  pan(across, down) {
    if (this.scene) this.look(this.scene.camera.panned(this.scene.kind, this.now, across, down, this.size));
  }

  /**
   * Enlarge so that what is at a place of the canvas stays there.
   * @param {[number, number]} place @param {number} factor
   */
  zoom(place, factor) {
    if (this.scene) this.look(this.scene.camera.zoomed(this.scene.kind, this.now, factor, place, this.size));
  }

  /**
   * Enlarge, in a moment's time.
   * @param {number} factor @param {[number, number]|null} place that stays where it is, or the middle
   */
  enlarge(factor, place) {
    if (!this.scene) return;
    const { width, height } = this.size;
    const from = this.flight?.to ?? this.now; // who presses twice means the second step from where the first one leads
    const fixed = place && !this.flight ? place : /** @type {[number, number]} */ ([width / 2, height / 2]);
    this.fly(this.scene.camera.zoomed(this.scene.kind, from, factor, fixed, this.size));
  }

  /** @param {SceneView} to */
  fly(to) {
    this.flight = { from: this.now, to: { ...to }, began: performance.now() };
    this.listener.changed();
  }

  /** @param {number} now @returns {boolean} whether the view is on its way still */
  advance(now) {
    if (!this.flight || !this.scene) return false;
    const { from, to, began } = this.flight;
    const share = this.calm.matches ? 1 : Math.min(1, Math.max(0, now - began) / FLIGHT_MS);
    const eased = share * (2 - share);
    const scale = from.scale * (to.scale / from.scale) ** eased;
    // The middle moves with the enlargement, so that the way is straight.
    const part = to.scale === from.scale ? eased : (1 / from.scale - 1 / scale) / (1 / from.scale - 1 / to.scale);
    const view = { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part, scale };
    this.look(this.scene.camera.within(this.scene.kind, view, this.size));
    if (share < 1) return true;
    this.flight = null;
    this.listener.rested();
    return false;
  }
}
