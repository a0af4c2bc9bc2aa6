/** How the images of a selection differ from the rest: in what was measured on them, and in their codes. */

import { number } from "../engine/numbers.js";
import { make } from "../shared/elements.js";
import { provenance, save } from "../shared/files.js";
import { csvRow } from "../engine/csv.js";

/** @import { Film } from "../engine/film.js" */
/** @import { LiveRun } from "../engine/run.js" */

/**
 * @typedef {object} Difference
 * @property {string} name a factor, or z0, z1, …
 * @property {number} value the mean of the selected less that of the rest, in standard deviations of all images
 */

const MOST_SHOWN = 6;
const LEAST_SHOWN = 0.2; // standard deviations, the least that is called a small effect (Cohen 1988)
const WIDEST = 2; // standard deviations, a whole bar

/**
 * Standardised differences, the largest first.
 * @param {Film} film @param {number} frame @param {number[]} points selected
 * @returns {Difference[]} none where all images are selected, or none
 */
export function differences(film, frame, points) {
  const rest = film.points - points.length;
  if (!points.length || rest < 1) return [];
  const names = [...film.factors.keys(), ...film.about.order.map((dimension) => `z${dimension}`)];
  const found = names.map((name) => {
    const values = film.values(name, frame);
    let [sum, squares, chosen] = [0, 0, 0];
    for (let point = 0; point < film.points; point++) {
      const value = values?.[point] ?? 0;
      sum += value;
      squares += value * value;
    }
    for (const point of points) chosen += values?.[point] ?? 0;
    const deviation = Math.sqrt(Math.max(0, squares / film.points - (sum / film.points) ** 2));
    const apart = chosen / points.length - (sum - chosen) / rest;
    return { name, value: deviation > 1e-6 ? apart / deviation : 0 };
  });
  return found.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
}

/**
 * Show the largest differences as bars.
 * @param {HTMLElement} section @param {Film} film @param {LiveRun} run @param {number} frame @param {number[]} points
 */
export function showDifferences(section, film, run, frame, points) {
  const all = differences(film, frame, points);
  const shown = all.filter(({ value }) => Math.abs(value) >= LEAST_SHOWN).slice(0, MOST_SHOWN);
  const [title, list, note] = ["h3", "ol", ".note"].map((selector) => section.querySelector(selector));
  section.hidden = !all.length;
  if (!(title && list && note)) return;
  title.textContent = "How they differ from the rest";
  list.replaceChildren(
    ...shown.map(({ name, value }) => {
      const called = name.startsWith("z") ? run.meaning.called(film.epochs[frame], Number(name.slice(1))) : name;
      const bar = make("span", "bar");
      bar.style.setProperty("--share", String(Math.min(1, Math.abs(value) / WIDEST)));
      bar.classList.toggle("less", value < 0);
      const item = make("li");
      item.append(make("span", "name", called), bar, make("span", "value", signed(value)));
      return item;
    }),
  );
  note.textContent = shown.length
    ? `Mean of the selected less that of the other ${(film.points - points.length).toLocaleString("en")}, in standard deviations of all.`
    : `In nothing by more than ${LEAST_SHOWN} standard deviations: they are like the rest.`;
}

/** @param {number} value */
const signed = (value) => `${value < 0 ? "−" : "+"}${number(Math.abs(value), 2)}`;

/**
 * Save the selected images as a table: index, class, what was measured on them, and their codes at a frame.
 * @param {Film} film @param {number} frame @param {number[]} points
 */
export function saveSelection(film, frame, points) {
  const { about } = film;
  const said = provenance(about, film.epochs[frame]);
  const factors = [...film.factors.keys()];
  const codes = Array.from({ length: film.latentDim }, (_, dimension) => `z${dimension}`);
  const rows = points.map((point) => [
    .../** @type {(string|number)[]} */ (Object.values(said)),
    film.indices[point],
    about.class_names[film.labels[point]],
    ...factors.map((name) => film.values(name, frame)?.[point] ?? null),
    ...film.mean(frame, point),
  ]);
  const head = [...Object.keys(said), "index", "class", ...factors, ...codes];
  save(`${about.name}-selection-epoch-${film.epochs[frame]}.csv`, [head, ...rows].map(csvRow), "text/csv");
}
