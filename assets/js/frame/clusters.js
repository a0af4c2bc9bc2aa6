/** Clusters: the film, a second run's beside it, how true it is, and all codes as a table. */

import { csvRow } from "../engine/csv.js";
import { make } from "../shared/elements.js";
import { save } from "../shared/files.js";
import { filmShelf } from "../shared/films.js";
import { nearestEpoch, quote } from "./address.js";
import { button, picker } from "./controls.js";
import { prose } from "./prose.js";
import { qualityOf } from "./quality.js";

/** @import { RunTold } from "./session.js" */
/** @import { Frame, Now, View } from "./views.js" */

const NONE = ""; // no run has this name
const FIGURES = 3; // of a variance, which is known to one part in a hundred

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
      frame.session.miss(`There is no run named ${quote(asked.second, 60)} to stand beside ${told.name}.`);
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
    const { texts, quality } = this.frame.session.site;
    const parts = shown.flatMap(({ name, film }) => (film ? qualityOf(quality, name, film) : []));
    this.quality.hidden = !parts.length;
    const summary = make("summary", "", texts.quality_title ?? "How true the film is, epoch by epoch");
    this.quality.replaceChildren(summary, ...parts, ...prose(texts.quality_note ?? ""));
  }

  /** @param {RunTold} told @param {number} epoch */
  offerCodes(told, epoch) {
    const at = told.imported ? "" : ` at epoch ${epoch}`;
    const words = `The codes of all these images${at}, with index, class, means and variances, as finely as this page has them: `;
    if (this.codes.dataset.told === words) return;
    this.codes.dataset.told = words;
    this.codes.replaceChildren(
      words,
      button("Codes, CSV", () => saveAll(this.frame, told, epoch)),
    );
  }
}

/** @param {Frame} frame @param {RunTold} told @param {number} epoch */
async function saveAll({ holding }, told, epoch) {
  const { film: about, parts } = told;
  if (!about || !(await holding.give(told, "film", "posteriors"))) return;
  const film = filmShelf.get(about.key);
  const posteriors = holding.posteriors.get(parts.posteriors ?? "");
  if (!film || !posteriors) return;
  const frame = film.epochs.indexOf(nearestEpoch(epoch, film.epochs));
  const { name, objective, class_names: names } = film.about;
  const [[weight, value]] = Object.entries(objective);
  const dimensions = [...Array(film.latentDim).keys()];
  const rows = Array.from(film.indices, (index, point) => {
    const variances = Array.from(posteriors.logVariance(frame, point), (log) =>
      Number(Math.exp(log).toPrecision(FIGURES)),
    );
    const codes = [...film.mean(frame, point), ...variances];
    return csvRow([name, value, film.epochs[frame], index, names[film.labels[point]], ...codes]);
  });
  const columns = ["mean", "variance"].flatMap((what) => dimensions.map((dimension) => `${what}_z${dimension}`));
  const head = csvRow(["run", weight, "epoch", "index", "class", ...columns]);
  save(`${name}-codes-epoch-${film.epochs[frame]}.csv`, [head, ...rows], "text/csv");
}

/** @type {View} */
export function showClusters(frame, home) {
  const page = new Clusters(frame, home);
  return (now) => page.draw(now);
}
