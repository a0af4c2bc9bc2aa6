/** Clusters: the film, a second run's beside it, how true it is, and all codes as a table. */

import { csvRow } from "../engine/csv.js";
import { make } from "../shared/elements.js";
import { save } from "../shared/files.js";
import { filmShelf } from "../shared/films.js";
import { nearestEpoch, quote } from "./address.js";
import { button, picker } from "./controls.js";
import { line, prose } from "./prose.js";

/** @import { RunTold } from "./session.js" */
/** @import { Frame, Now, View } from "./views.js" */

const NONE = ""; // no run has this name

class Clusters {
  /** @param {Frame} frame @param {HTMLElement} home */
  constructor(frame, home) {
    this.frame = frame;
    const { session } = frame;
    this.second = picker("Second run, side by side", [], (name) => {
      session.memory.second = name;
      frame.redraw();
    });
    this.second.home.classList.add("wide");
    const bar = home.appendChild(make("div", "controls"));
    bar.append(this.second.home);
    bar.hidden = session.site.runs.length < 2;
    this.mounted = frame.mount("clusters", home.appendChild(make("div", "component")));
    this.quality = home.appendChild(make("details", "quality"));
    this.codes = home.appendChild(make("p", "codes small"));
    this.shown = ""; // of which runs
  }

  /** @param {Now} now */
  draw({ told, cursor }) {
    const { frame } = this;
    const { site, memory, beside } = frame.session;
    const asked = frame.session.takeAsked();
    if (asked) memory.second = asked.second ?? NONE;
    const others = site.runs.filter((run) => run !== told && run.film);
    const second = others.find(({ name }) => name === memory.second) ?? null;
    if (asked?.second && !second) {
      frame.say(`There is no run named ${quote(asked.second, 60)} to stand beside ${told.name}.`);
    }
    beside.clusters = second ? { second: second.name } : {};
    const shown = second ? [told, second] : [told];
    const names = shown.map(({ name }) => name).join("\n");
    if (names !== this.shown) {
      this.shown = names;
      const options = others.map(({ name }) => make("option", "", name, { value: name }));
      this.second.select.replaceChildren(make("option", "", "None", { value: NONE }), ...options);
      this.second.select.value = second?.name ?? NONE;
      this.showQuality(shown);
    }
    const other = second?.film ? { key: second.key, film: second.film.key } : null;
    const shapes = shown.flatMap(({ film }) => (film ? [film.shapes] : []));
    this.mounted.draw(frame.data("clusters", { film: told.film?.key ?? "", other, shapes }));
    this.offerCodes(told, cursor.epoch);
    this.give(told, second);
  }

  /** @param {RunTold} told @param {RunTold|null} second */
  async give(told, second) {
    const { holding } = this.frame;
    await holding.give(told, "film");
    if (second) await holding.give(second, "head", "film", "rest");
    await holding.givePlayer();
  }

  /** @param {RunTold[]} shown */
  showQuality(shown) {
    const { texts } = this.frame.session.site;
    const told = shown.flatMap(({ name, film }) => (film?.table ? [{ name, said: film.said, table: film.table }] : []));
    this.quality.hidden = !told.length;
    const summary = make("summary", "", texts.quality_title ?? "How true the film is, epoch by epoch");
    const parts = told.flatMap(({ name, said, table: { head, rows, note } }) => {
      const words = make("p");
      words.append(make("strong", "", name), `: ${said.join(" ")}`);
      const table = make("table");
      table.append(tableRow(head, "col"), ...rows.map((row) => tableRow(row, "row")));
      const around = make("div", "scrolling", "", { tabindex: 0, role: "region", "aria-label": `Quality of ${name}` });
      around.append(table);
      const small = make("p", "small");
      small.append(...line(note));
      return [words, around, small];
    });
    this.quality.replaceChildren(summary, ...parts, ...prose(texts.quality_note ?? ""));
  }

  /** @param {RunTold} told @param {number} epoch */
  offerCodes(told, epoch) {
    const at = told.imported ? "" : ` at epoch ${epoch}`;
    const words = `The codes of all these images${at}, with index, class and means: `;
    if (this.codes.dataset.told === words) return;
    this.codes.dataset.told = words;
    this.codes.replaceChildren(
      words,
      button("Codes, CSV", () => saveAll(told, epoch)),
    );
  }
}

/** @param {string[]} cells @param {"col"|"row"} scope of what is a heading: all of them, or the first */
function tableRow(cells, scope) {
  const row = make("tr");
  row.append(
    ...cells.map((text, place) =>
      scope === "col" || place === 0 ? make(text ? "th" : "td", "", text, text ? { scope } : {}) : make("td", "", text),
    ),
  );
  return row;
}

/** @param {RunTold} told @param {number} epoch */
function saveAll({ film: about }, epoch) {
  const film = about && filmShelf.get(about.key);
  if (!film) return;
  const frame = film.epochs.indexOf(nearestEpoch(epoch, film.epochs));
  const { name, objective, class_names: names } = film.about;
  const [[weight, value]] = Object.entries(objective);
  const dimensions = Array.from({ length: film.latentDim }, (_, dimension) => `mean_z${dimension}`);
  const rows = Array.from(film.indices, (index, point) =>
    csvRow([name, value, film.epochs[frame], index, names[film.labels[point]], ...film.mean(frame, point)]),
  );
  const head = csvRow(["run", weight, "epoch", "index", "class", ...dimensions]);
  save(`${name}-codes-epoch-${film.epochs[frame]}.csv`, [head, ...rows], "text/csv");
}

/** @type {View} */
export function showClusters(frame, home) {
  const page = new Clusters(frame, home);
  return (now) => page.draw(now);
}
