// The table of runs on the Load page. What is picked goes to Python at once.

import { make } from "../shared/elements.js";
import { component } from "../shared/mounting.js";
import { explain } from "../shared/terms.js";

const COLUMNS = ["state", "beta", "dimensions", "epochs", "elbo", "size"];

class RunTable {
  constructor(root) {
    this.root = root;
    this.body = root.querySelector("tbody");
    this.note = root.querySelector(".note");
  }

  receive(data, setStateValue) {
    this.pick = (name) => setStateValue("picked", { name, at: Date.now() }); // the time, so that a name picked twice is news
    const shown = JSON.stringify(data.rows);
    if (shown !== this.shown) {
      this.shown = shown; // the rows are made anew only where they changed, so that the focus stays
      const focused = this.root.getRootNode().activeElement?.value;
      this.body.replaceChildren(...data.rows.map((row) => this.row(row)));
      this.radios()
        .find((radio) => radio.value === focused)
        ?.focus();
    }
    for (const radio of this.radios()) radio.checked = radio.value === data.selected;
    explain(this.note, data.note);
    this.root.removeAttribute("aria-busy");
  }

  radios() {
    return [...this.body.querySelectorAll("input")];
  }

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
