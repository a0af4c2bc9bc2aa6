/** The button of the tour, and what goes with a tour on the page. */

import { finder } from "../shared/elements.js";
import { Leaving } from "./leaving.js";
import { Tour } from "./tour.js";

/** @import { Explorer } from "./explorer.js" */

export class Guide {
  /** @param {HTMLElement} root @param {Explorer} explorer whose dimensions it shows */
  constructor(root, explorer) {
    this.explorer = explorer;
    const find = finder(root);
    this.button = find(".play");
    this.buttonText = find(".play span");
    this.placeText = find(".tour-place");
    this.leaving = new Leaving(root, () => explorer.release());
    this.tour = new Tour(root, {
      begin: (dimension) => this.begin(dimension),
      next: (dimension) => {
        const { active } = explorer.spread;
        return active[(active.indexOf(dimension) + 1) % active.length];
      },
      moved: (dimension, value) => explorer.move(dimension, value),
      changed: () => this.show(),
    });
    this.button.onclick = () => {
      const { dimension, z } = explorer;
      if (this.tour.playing) explorer.release();
      else this.tour.play(dimension, z[dimension]);
    };
  }

  /** @param {number} dimension */
  begin(dimension) {
    const { spread, epoch, z } = this.explorer;
    /** @param {number} share */
    const level = (share) => spread.clamp(spread.quantile(epoch, dimension, share));
    return { home: z[dimension], low: level(0.01), high: level(0.99) };
  }

  show() {
    const { explorer, button } = this;
    const { playing, visit } = this.tour;
    if (playing && visit) explorer.showDimension(visit.dimension);
    const { active } = explorer.spread;
    const place = active.indexOf(explorer.dimension) + 1;
    this.buttonText.textContent = playing ? "Pause" : "Tour";
    button.setAttribute("aria-label", playing ? "Pause the tour" : "Play a tour of the dimensions");
    button.classList.toggle("playing", playing);
    explorer.grid.makeWay(playing);
    this.leaving.watch(playing);
    this.placeText.textContent = playing ? `${place} of ${active.length}` : "";
  }
}
