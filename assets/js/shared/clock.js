/** The epoch at which a page looks. */

import { make } from "./elements.js";
import { epochWords, whyOneEpoch } from "./epochs.js";
import { live } from "./live.js";
import { explain } from "./terms.js";

/** @import { LiveRun } from "../engine/run.js" */

/** The epoch slider with the figures of its epoch. It moves over the kept epochs and says their true numbers. */
export class Clock {
  /**
   * @param {HTMLElement} container what the page has for it, filled here
   * @param {{moved: (epoch: number, event: Event) => void, released: () => void}} listener told the epoch while it moves, and
   *   when it rests
   */
  constructor(container, listener) {
    const line = make("div", "line");
    this.value = make("output", "epoch-value");
    const label = make("span", "epoch-label");
    explain(label, "[Epoch](#epoch)");
    line.append(label, this.value);
    this.input = make("input", "epoch", "", {
      type: "range",
      min: 0,
      max: 1,
      step: 1,
      value: 1,
      "aria-label": "Epoch",
    });
    this.facts = make("p", "facts");
    /** @type {LiveRun|null} */
    this.run = null;
    /** @type {number|null} */
    this.shown = null;
    /** @type {number|null} the epoch at which the slider stands while its weights are on their way */
    this.awaited = null;
    this.why = make("p", "note", "", { id: "why-one-epoch" });
    container.replaceChildren(line, this.input, this.why, ...container.children, this.facts);
    this.input.oninput = (event) => {
      const { run } = this;
      if (!run) return;
      const epoch = run.epochs[Number(this.input.value)];
      this.awaited = run.has(epoch) ? null : epoch;
      if (this.awaited === null) return listener.moved(epoch, event);
      // Its weights are on their way: what is shown follows when they are here, if no other was chosen meanwhile.
      live.whenReady(run.key, epoch).then((arrived) => {
        if (arrived !== this.run || epoch !== this.awaited) return;
        this.awaited = null;
        listener.moved(epoch, event);
        listener.released();
      });
    };
    this.input.onchange = () => listener.released();
  }

  /** @param {LiveRun} run */
  open(run) {
    this.run = run;
    this.shown = this.awaited = null;
    const why = whyOneEpoch(run.about);
    this.input.max = String(run.epochs.length - 1);
    this.input.disabled = why !== "";
    this.input.title = this.why.textContent = why;
    this.why.hidden = !why;
    if (why) this.input.setAttribute("aria-describedby", "why-one-epoch");
    else this.input.removeAttribute("aria-describedby");
  }

  /** @param {number} epoch */
  show(epoch) {
    if (!this.run) return;
    const { epochs, about } = this.run;
    const position = epochs.indexOf(epoch);
    if (epoch !== this.shown) this.awaited = null;
    this.shown = epoch;
    if (this.awaited === null && Number(this.input.value) !== position) this.input.value = String(position);
    const { shown, remark, name } = epochWords(about, epoch);
    this.input.setAttribute("aria-valuetext", shown && remark ? `${name}, ${remark}` : name);
    this.value.textContent = [shown, remark].filter(Boolean).join(", ");
    explain(this.facts, about.facts[position]);
  }
}
