/** Reconstruct: which images are shown is chosen here, from those that came along, as pages/reconstruct.py does of all. */

import { chosenShelf } from "../shared/chosen.js";
import { disable } from "../shared/disable.js";
import { make } from "../shared/elements.js";
import { filmShelf } from "../shared/films.js";
import { nearestEpoch, quote, shortDecimal } from "./address.js";
import { drawn, ranked } from "./choice.js";
import { button, picker, radios, wholeNumber } from "./controls.js";

/** @import { Parameters } from "../engine/address.js" */
/** @import { Chosen } from "../engine/chosen.js" */
/** @import { Film } from "../engine/film.js" */
/** @import { Posteriors } from "./posteriors.js" */
/** @import { Frame, Now, View } from "./views.js" */

const [RANDOM, WORST, BEST] = ["Random", "Worst", "Best"];
const MEASURES = ["reconstruction", "KL", "reconstruction + KL"];
const BY = ["reconstruction", "kl", "both"]; // the same, as the address has them
const COUNTS = ["10", "20", "50"];
const ALL = "All";
const DRAWS = 1_000_000;

/** @param {string} name */
const capital = (name) => name[0].toUpperCase() + name.slice(1);

/**
 * What the page is set to; ranked: at which epoch of which run.
 * @typedef {{which: string, label: string, count: string, seed: number, by: string, ranked: {key: string, epoch: number}|null}} Choice
 */

/** What every image costs at an epoch, in nats; null where it was not measured. @param {Film} film @param {Posteriors} posteriors @param {string} measure @param {number} epoch */
function costs(film, posteriors, measure, epoch) {
  const frame = film.epochs.indexOf(nearestEpoch(epoch, film.epochs));
  const [from, to] = [frame * film.points, (frame + 1) * film.points];
  const kl = film.values("kl", frame);
  const reconstruction = film.values("reconstruction", frame) ?? posteriors.reconstruction?.subarray(from, to) ?? null;
  if (measure === "KL") return kl;
  if (!reconstruction || measure === "reconstruction") return reconstruction;
  return kl && reconstruction.map((value, place) => value + kl[place]);
}

/**
 * Images of a film with their posteriors at every epoch of a run; NaN where the film has not the epoch.
 * @param {string} key @param {Film} film @param {Posteriors} posteriors @param {number[]} epochs @param {number[]} points
 * @returns {Chosen}
 */
export function chosenOf(key, film, posteriors, epochs, points) {
  const { latentDim, pixels } = film;
  const images = new Uint8Array(points.length * pixels);
  const [means, logVariances] = [0, 0].map(() => new Float32Array(epochs.length * points.length * latentDim).fill(NaN));
  for (const [n, point] of points.entries()) {
    images.set(film.image(point), n * pixels);
    for (const [place, epoch] of epochs.entries()) {
      const frame = film.epochs.indexOf(epoch);
      if (frame < 0) continue;
      const at = (place * points.length + n) * latentDim;
      means.set(film.mean(frame, point), at);
      logVariances.set(posteriors.logVariance(frame, point), at);
    }
  }
  const { logSigma } = posteriors;
  return {
    key,
    logSigma: logSigma && epochs.map((epoch) => logSigma[film.epochs.indexOf(epoch)] ?? null),
    indices: points.map((point) => film.indices[point]),
    labels: points.map((point) => film.labels[point]),
    images,
    means,
    logVariances,
  };
}

class Reconstruct {
  /** @param {Frame} frame @param {HTMLElement} home */
  constructor(frame, home) {
    this.frame = frame;
    const kept = /** @type {Partial<Choice>|undefined} */ (frame.session.memory.choice);
    /** @type {Choice} */
    this.choice = { which: RANDOM, label: ALL, count: COUNTS[0], seed: 0, by: MEASURES[0], ranked: null, ...kept };
    const bar = home.appendChild(make("div", "controls"));
    /** @param {Partial<Choice>} changed */
    const set = (changed) => {
      Object.assign(this.choice, changed);
      frame.session.memory.choice = this.choice;
      frame.redraw();
    };
    this.which = radios("Images", "images", [RANDOM, WORST, BEST], (which) => set({ which }));
    this.label = picker("Class", [], (label) => set({ label }));
    this.count = picker(
      "How many",
      COUNTS.map((count) => [count, count]),
      (count) => set({ count }),
    );
    this.seed = wholeNumber("Seed", DRAWS - 1, (seed) => set({ seed }));
    this.again = button("New draw", () => set({ seed: Math.floor(Math.random() * DRAWS) }));
    this.by = picker(
      "Ranked by",
      MEASURES.map((name) => [name, capital(name)]),
      (by) => set({ by }),
    );
    this.anew = button("", () => {
      const { run, cursor } = frame.session;
      if (cursor) set({ ranked: { key: run.key, epoch: cursor.epoch } });
    });
    const { which, label, count, seed, again, by, anew } = this;
    bar.append(which.home, label.home, count.home, seed.home, again, by.home, anew);
    this.note = home.appendChild(make("p", "small"));
    this.mounted = frame.mount("reconstruct", home.appendChild(make("div", "component")));
    this.classes = ""; // of which run
  }

  /** Set the controls as the address asks, and as usual where it asks for nothing. @param {Parameters} asked @param {Now} now */
  follow(asked, { run }) {
    /** @param {string} name @param {string} what @param {string[]} choices the first is the usual */
    const take = (name, what, choices) => {
      const text = asked[name];
      if (text === undefined || choices.includes(text)) return text ?? choices[0];
      this.frame.session.miss(`The address asks for ${what} ${quote(text)}, which there is not here.`);
      return choices[0];
    };
    /** @param {string} name @param {string} what @param {number} most */
    const number = (name, what, most) => {
      const value = shortDecimal(asked[name] ?? "0");
      if (value !== null && value <= most) return value;
      this.frame.session.miss(`The address asks for ${what} ${quote(asked[name])}, and there is none.`);
      return null;
    };
    const labels = [...new Set(run.labels)].map(String);
    const which = take("which", "the images", ["random", "worst", "best"]);
    const by = take("by", "the measure", BY);
    const epoch = number("ranked", "images ranked at epoch", 1e9);
    Object.assign(this.choice, {
      which: capital(which),
      label: take("class", "class", [ALL, ...labels]),
      count: take("count", "as many images as", COUNTS),
      seed: number("seed", "seed", DRAWS - 1) ?? 0,
      by: MEASURES[BY.indexOf(by)],
    });
    if ("ranked" in asked && epoch !== null) {
      this.choice.ranked = { key: run.key, epoch: nearestEpoch(epoch, run.epochs) };
    }
  }

  /** @returns {Parameters} what the controls stand at, as far as it is not the usual */
  inAddress() {
    const { which, label, count, seed, by, ranked: rankedAt } = this.choice;
    /** @type {Parameters} */
    const address = {};
    if (which !== RANDOM) {
      address.which = which.toLowerCase();
      address.ranked = String(rankedAt?.epoch);
      if (by !== MEASURES[0]) address.by = BY[MEASURES.indexOf(by)];
    } else if (seed) address.seed = String(seed);
    if (label !== ALL) address.class = label;
    if (count !== COUNTS[0]) address.count = count;
    return address;
  }

  /** @param {Now} now */
  async draw(now) {
    const { told, run } = now;
    const { session } = this.frame;
    const asked = session.takeAsked();
    if (asked) this.follow(asked, now);
    this.showControls(now);
    session.beside.reconstruct = this.inAddress();
    const there = await this.frame.holding.give(told, "film", "posteriors");
    if (this.frame.session.run !== told) return;
    const film = told.film && filmShelf.get(told.film.key);
    const posteriors = this.frame.holding.posteriors.get(told.parts.posteriors ?? "");
    this.note.textContent = there ? "" : "The images and their codes did not come along with this run.";
    if (!film || !posteriors) return;
    const { points, caption } = this.chosen(film, posteriors, now);
    const key = `${run.key} ${points.join(" ")}`;
    if (!chosenShelf.find(key)) chosenShelf.put(key, chosenOf(key, film, posteriors, run.epochs, points));
    this.mounted.draw(this.frame.data("reconstruct", { chosen: key, caption }));
  }

  /** @param {Now} now */
  showControls({ told, run, cursor }) {
    const { choice } = this;
    if (this.classes !== run.key) {
      this.classes = run.key;
      const labels = [...new Set(run.labels)].sort((a, b) => a - b).map(String);
      const names = labels.map((label) => make("option", "", run.about.class_names[Number(label)], { value: label }));
      this.label.select.replaceChildren(make("option", "", ALL, { value: ALL }), ...names);
      if (!labels.includes(choice.label)) choice.label = ALL;
    }
    const random = choice.which === RANDOM;
    if (choice.ranked?.key !== run.key || !run.epochs.includes(choice.ranked.epoch)) {
      choice.ranked = { key: run.key, epoch: cursor.epoch };
    }
    this.which.choose(choice.which);
    this.label.select.value = choice.label;
    this.count.select.value = choice.count;
    this.seed.input.value = String(choice.seed);
    this.by.select.value = choice.by;
    for (const home of [this.seed.home, this.again]) home.hidden = !random;
    this.by.home.hidden = random;
    this.anew.hidden = random || told.epochs.length === 1;
    this.anew.textContent = `Rank at epoch ${cursor.epoch}`;
    const same = choice.ranked.epoch === cursor.epoch;
    disable(this.anew, same ? "They are ranked at this epoch. Move the epoch first." : "");
  }

  /** @param {Film} film @param {Posteriors} posteriors @param {Now} now */
  chosen(film, posteriors, { run }) {
    const { which, label, count, seed, by, ranked: rankedAt } = this.choice;
    const one = label === ALL ? null : Number(label);
    const { class_names: names } = run.about;
    const of =
      one === null
        ? `${film.points.toLocaleString("en")} [probe images](#probe)`
        : `the [probe images](#probe) of class ${names[one]}`;
    if (which === RANDOM) {
      const points = drawn(film.labels, film.indices, Number(count), seed, one);
      const caption = `${points.length} of ${of} ([test split](#test-set)), drawn at random with [seed](#seed) ${seed}.`;
      return { points, caption };
    }
    const epoch = rankedAt?.epoch ?? run.last;
    const values = costs(film, posteriors, by, epoch);
    const best = which === BEST;
    if (!values) return { points: [], caption: `What ${by} comes to was not measured of these images.` };
    const points = ranked(values, film.labels, Number(count), best, one);
    const when = run.epochs.length === 1 ? "" : ` at epoch ${epoch}`;
    const what = `the ${best ? "lowest" : "highest"} ${by}${when}, ${which.toLowerCase()} first`;
    return { points, caption: `${points.length} of ${of} ([test split](#test-set)): ${what}.` };
  }
}

/** @type {View} */
export function showReconstruct(frame, home) {
  const page = new Reconstruct(frame, home);
  return (now) => page.draw(now);
}
