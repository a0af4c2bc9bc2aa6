/** Where on the way one is: the scrubber and its keys, and the play that moves it. It knows of no run. */

import { finder } from "../shared/elements.js";
import { live } from "../shared/live.js";
import { STEPS } from "../engine/walk.js";

const FINE = 10; // positions of the scrubber from one step to the next
const LONGEST_FRAME = 0.1; // seconds; after a pause of the browser it goes on from where it was

/**
 * @typedef {object} PlaybackListener
 * @property {(share: number) => void} draw the picture at a share of the way
 * @property {(playing: boolean) => void} playing it starts or stops to move by itself
 * @property {() => void} settled the hand has let go, or the play has stopped
 */

export class Playback {
  /** @param {HTMLElement} root @param {PlaybackListener} listener */
  constructor(root, listener) {
    this.root = root;
    this.listener = listener;
    const find = finder(root);
    this.scrub = find(".scrub", HTMLInputElement);
    this.toggle = find(".toggle");
    this.seconds = find(".seconds", HTMLSelectElement);
    this.back = find(".back", HTMLInputElement);
    this.mix = find(".mix");
    this.marker = find(".marker");
    this.share = 0;
    this.direction = 1;
    this.frame = 0; // that is asked for, 0 for none
    this.before = 0; // when the frame before was, 0 for none
    this.stillness = matchMedia("(prefers-reduced-motion: reduce)");
    this.scrub.max = String((STEPS - 1) * FINE);
    this.listen(find(".play"));
  }

  /** @param {HTMLElement} section whose keys count */
  listen(section) {
    const { scrub, listener } = this;
    scrub.oninput = () => this.scrubTo(Number(scrub.value) / Number(scrub.max));
    scrub.onchange = () => listener.settled();
    scrub.onkeydown = (event) => {
      const step = event.key === "PageUp" ? 1 : event.key === "PageDown" ? -1 : 0;
      if (!step) return;
      event.preventDefault();
      this.scrubTo((Math.round(this.share * (STEPS - 1)) + step) / (STEPS - 1));
      listener.settled();
    };
    const toggle = () => (this.frame ? this.pause() : this.play());
    this.toggle.onclick = toggle;
    section.addEventListener("keydown", (event) => {
      const { target } = event;
      const own = target instanceof Element && target.matches("button, select, a, [type=checkbox], [type=radio]");
      if (event.key !== " " || own) return;
      event.preventDefault();
      if (!event.repeat) toggle();
    });
    this.seconds.onchange = this.back.onchange = () => listener.settled();
  }

  play() {
    if (!this.back.checked) {
      this.direction = 1;
      if (this.share >= 1) this.share = 0;
    }
    this.toggle.textContent = "Pause";
    this.listener.playing(true);
    this.before = 0;
    this.frame = requestAnimationFrame((now) => this.advance(now));
  }

  pause() {
    if (!this.frame) return;
    this.halt();
    this.show();
    this.listener.settled();
  }

  /** It moves no more, and nobody hears where it stopped. */
  halt() {
    if (!this.frame) return;
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.toggle.textContent = "Play";
    this.listener.playing(false);
  }

  /** @param {number} now */
  advance(now) {
    if (!this.root.isConnected) {
      this.frame = 0;
      return;
    }
    this.frame = requestAnimationFrame((next) => this.advance(next));
    if (this.before) {
      live.recordFrame(now - this.before);
      this.forward(Math.min(LONGEST_FRAME, (now - this.before) / 1000));
    }
    this.before = now;
    this.show();
  }

  /** @param {number} seconds */
  forward(seconds) {
    this.share += (this.direction * seconds) / Number(this.seconds.value);
    if (this.share < 1 && this.share > 0) return;
    const beyond = this.share >= 1;
    this.share = beyond ? 1 : 0;
    if (beyond && !this.back.checked) this.pause();
    else this.direction = beyond ? -1 : 1;
  }

  /** @param {number} share */
  scrubTo(share) {
    this.pause();
    this.share = Math.min(1, Math.max(0, share));
    this.show();
  }

  /** One frame: the picture, and the few numbers around it. */
  show() {
    // Somebody who asked for less motion sees one step after the other.
    const calm = this.frame && this.stillness.matches;
    const shown = calm ? Math.round(this.share * (STEPS - 1)) / (STEPS - 1) : this.share;
    this.listener.draw(shown);
    const percent = Math.round(100 * shown);
    this.mix.textContent = `${percent} % B`;
    this.scrub.value = String(Math.round(shown * Number(this.scrub.max)));
    this.marker.style.setProperty("--at", String((shown * (STEPS - 1) + 0.5) / STEPS));
    if (!this.frame) this.scrub.setAttribute("aria-valuetext", `${percent} % of the way from A to B`);
  }
}
