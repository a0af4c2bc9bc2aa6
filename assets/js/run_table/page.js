/** The table of runs on the Load page. What is picked goes to Python at once. */

import { finder, make } from "../shared/elements.js";
import { component } from "../shared/mounting.js";

/** @import { SetStateValue } from "../shared/mounting.js" */

/**
 * What the table says of a run, see `row` in pages/parts/run_table.py.
 * @typedef {{name: string, about: string, state: string, beta: string, dimensions: number, epochs: string,
 *   elbo: string|null, size: string}} Row
 * @typedef {{rows: Row[], selected: string|null}} RunTableData
 */

/** @type {(keyof Row)[]} */
const COLUMNS = ["state", "beta", "dimensions", "epochs", "elbo", "size"];

class RunTable {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.body = finder(root)("tbody");
    this.shown = ""; // the rows, as JSON
    /** @type {(name: string) => void} */
    this.pick = () => {};
  }

  /** @param {RunTableData} data @param {SetStateValue} setStateValue */
  receive(data, setStateValue) {
    this.pick = (name) => setStateValue("picked", { name, at: Date.now() }); // the time, so that a name picked twice is news
    const shown = JSON.stringify(data.rows);
    if (shown !== this.shown) {
      this.shown = shown; // the rows are made anew only where they changed, so that the focus stays
      const focused = this.radios().find((radio) => radio.matches(":focus"))?.value;
      this.body.replaceChildren(...data.rows.map((row) => this.row(row)));
      this.radios()
        .find((radio) => radio.value === focused)
        ?.focus();
    }
    for (const radio of this.radios()) radio.checked = radio.value === data.selected;
    this.root.removeAttribute("aria-busy");
  }

  radios() {
    return [...this.body.querySelectorAll("input")];
  }

  /** @param {Row} run */
  row(run) {
    const head = make("th", "", "", { scope: "row" });
    const label = make("label", "pick");
    const named = `${run.name}, ${run.about}`;
    const radio = make("input", "", "", { type: "radio", name: "run", value: run.name, "aria-label": named });
    radio.onchange = () => this.pick(run.name);
    label.append(
      radio,
      make("span", "name", run.name, { title: run.name }),
      make("span", "about", run.about, { title: run.about }),
    );
    head.append(label);
    const cells = COLUMNS.map((column) => make("td", column === "state" ? "" : "figure", String(run[column] ?? "–")));
    const line = make("tr");
    line.append(head, ...cells);
    return line;
  }
}

export default component(".run-table", RunTable);
