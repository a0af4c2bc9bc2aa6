/** Compare: what runs with different β traded, what was measured of them against β, and what each dimension of them carries. */

import { number } from "../engine/numbers.js";
import { finder, make } from "../shared/elements.js";
import { pageAddress } from "../shared/link.js";
import { component } from "../shared/mounting.js";
import { explain } from "../shared/terms.js";
import { showAgainst } from "./against.js";
import { called, colourOf } from "./comparison.js";
import { Plane } from "./plane.js";
import { showStrips } from "./strips.js";

/** @import { SetStateValue } from "../shared/mounting.js" */
/** @import { ComparedRun, Comparison, Shown } from "./comparison.js" */

/**
 * @typedef {object} Around
 * @property {Shown[]} shown what is drawn against β
 * @property {string|null} selected the run that all pages look at
 * @property {number} passive_below nats
 * @property {string} about what the figures are of, in sentences
 * @property {{head: string[], lines: string[][]}} table
 * @typedef {Comparison & Around} CompareData
 */

const HINT = "Point at a run, or go to it with the Tab key, to read it. Press it to open it on Traverse.";
const HINT_ABSENT =
  "Point at a run, or go to it with the Tab key, to read it. Press it for the command that trains it.";

class Compare {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.find = finder(root);
    /** @type {CompareData|null} */
    this.data = null;
    this.told = ""; // the data, as JSON
    this.width = 0;
    /** @type {SetStateValue} */
    this.setStateValue = () => {};
    this.plane = new Plane(this.find(".plane", SVGSVGElement), {
      said: (run) => this.say(run),
      opened: (run) => this.open(run),
      address: ({ name }) => pageAddress("traverse", `?run=${encodeURIComponent(name)}`),
    });
    this.find(".copy").onclick = () => this.copy();
    new ResizeObserver(([{ contentRect }]) => {
      if (!root.isConnected || Math.abs(contentRect.width - this.width) < 1) return;
      this.width = contentRect.width;
      this.draw();
    }).observe(root);
  }

  /** @param {CompareData} data @param {SetStateValue} setStateValue */
  receive(data, setStateValue) {
    this.setStateValue = setStateValue;
    const told = JSON.stringify(data);
    if (told !== this.told) {
      this.told = told; // drawn anew only where it changed, so that the focus stays
      this.data = data;
      this.find(".command").hidden = true;
      this.draw();
    }
    this.root.removeAttribute("aria-busy");
  }

  /** @param {ComparedRun|null} run that is pointed at */
  say(run) {
    const { data } = this;
    if (!data) return;
    const said = this.find(".said");
    if (!run) {
      said.textContent = data.runs.some(({ here }) => here) ? HINT : HINT_ABSENT;
      return;
    }
    const { figures } = run;
    const above = data.floor ? " above its floor" : "";
    said.replaceChildren(
      make("b", "", called(run)),
      ` (${run.name}, epoch ${run.epoch}): KL ${number(figures.kl)} nats, reconstruction ${number(figures.above)}${above}, ` +
        `−ELBO ${number(figures.bound)}, ${figures.active_units} of ${run.kl_per_dimension.length} dimensions active.`,
    );
  }

  /** @param {ComparedRun} run */
  open(run) {
    if (run.here) {
      this.setStateValue("opened", { name: run.name, at: Date.now() });
      return;
    }
    this.find(".command").hidden = false;
    this.find(".command code").textContent = run.command ?? "";
  }

  /** Put the command on the clipboard, which a browser refuses on a page that came without encryption from elsewhere. */
  async copy() {
    const said = this.find(".said");
    try {
      await navigator.clipboard.writeText(this.find(".command code").textContent ?? "");
      said.textContent = "The command is on the clipboard.";
    } catch {
      said.textContent = "The browser does not let the page write to the clipboard. Mark the command, and copy it.";
    }
  }

  draw() {
    const { data, find } = this;
    if (!data) return;
    this.width = this.root.getBoundingClientRect().width; // the observer's first word is of no other
    find(".against").hidden = false; // so that it has a width to draw for
    this.say(null); // before a run that keeps the focus says more
    this.plane.draw(data, data.selected);
    this.legend(data);
    explain(
      find(".plane-note"),
      "Each point is a run, and the line goes through the means over the [seeds](#seed), by [β](#beta). Nearer to the lower left " +
        "is better on both counts; to the right, codes tell more (more [rate](#rate)), and downwards less of the image is lost " +
        "(less [distortion](#distortion)). Along a faint diagonal, [−ELBO](#elbo), the sum of both, stays the same.",
    );
    const drawn = showAgainst(find(".charts"), data, data.shown);
    find(".against").hidden = !drawn;
    find(".against-note").textContent = data.about;
    const most = showStrips(find(".strips"), data, data.passive_below);
    explain(
      find(".spent-note"),
      `Test set, in [nats](#nats) an image; the full height is ${number(most)}. Each run’s dimensions in the order of what ` +
        `they carry; grey: below ${data.passive_below} nats, which is nothing that could be seen.`,
    );
    this.table(data.table);
  }

  /** @param {CompareData} data */
  legend({ series }) {
    const list = this.find(".legend");
    list.hidden = series.length < 2;
    list.replaceChildren(...series.map(({ label }, place) => make("li", colourOf(place), label || "as the others")));
  }

  /** @param {{head: string[], lines: string[][]}} table */
  table({ head, lines }) {
    const row = make("tr");
    row.append(...head.map((text) => make("th", "", text, { scope: "col" })));
    const rows = lines.map(([first, ...cells]) => {
      const line = make("tr");
      line.append(make("th", "", first, { scope: "row" }), ...cells.map((text) => make("td", "", text)));
      return line;
    });
    this.find(".figures table").replaceChildren(row, ...rows);
  }
}

export default component(".compare", Compare);
