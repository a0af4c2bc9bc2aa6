/** What the page of a film that plays alone says: of the film, of a point, and how true the picture is. */

import { shorten } from "../shared/classes.js";
import { finder, make } from "../shared/elements.js";
import { Picture } from "../shared/pictures.js";
import { MEASURE_NAMES, MEASURES, QUALITIES } from "./words.js";

/** @import { Figures, Kind } from "../engine/film.js" */
/** @import { SavedFilm } from "./packed.js" */
/** @import { PlayerMap } from "./player-map.js" */

/** A map and the frame that it shows, or is nearest to. @typedef {{map: PlayerMap, frame: number}} Shown */

/** @type {[keyof Figures, string][]} */
const FIGURES = [...QUALITIES, ["step", "Step"]];

const page = finder(document);

/** @param {Shown[]} shown @param {Kind} kind of layout */
export function tellFilms(shown, kind) {
  const [{ map: first }] = shown;
  const { points, about } = first.film;
  page("h1").textContent = shown.map(({ map }) => map.film.about.name).join(" and ");
  page(".about").textContent =
    `Film of latent space: ${points.toLocaleString("en")} ${about.split} images, each at the mean of its posterior, ` +
    `epoch by epoch in the plane. ${about.layouts[kind].name}.`;
  page(".compared").textContent = String(about.compared);
  for (const { map, frame } of shown) {
    const { film, caption, canvas } = map;
    const [{ name }, epoch] = [film.about, film.epochs[frame]];
    caption.textContent = `${name}, ${film.points.toLocaleString("en")} images, epoch ${epoch}`;
    const what = `Map of ${film.points} images of ${name} at epoch ${epoch}, ${film.about.layouts[kind].name}`;
    canvas.setAttribute("aria-label", what);
  }
  const measured = shown.filter(({ map }) => map.film.about.kinds[kind]);
  page(".quality").hidden = measured.length === 0;
  page(".figures").replaceChildren(...measured.map(({ map, frame }) => tableOf(map.film, kind, frame)));
}

/**
 * How true the picture is, beside a UMAP of the epoch alone.
 * @param {SavedFilm} film @param {Kind} kind @param {number} frame
 */
function tableOf(film, kind, frame) {
  const { about, epochs } = film;
  const table = make("table");
  table.append(make("caption", "", `${about.name}, epoch ${epochs[frame]}`));
  /** @type {Kind[]} */
  const columns = kind === "independent" ? [kind] : [kind, "independent"];
  const head = make("tr");
  const titles = columns.map((column) => (column === kind ? "this picture" : "UMAP of this epoch alone"));
  head.append(make("td"), ...titles.map((title) => make("th", "", title, { scope: "col" })));
  table.createTHead().append(head);
  const body = table.createTBody();
  for (const [measure, name] of FIGURES) {
    const row = make("tr");
    row.append(make("th", "", name, { scope: "row" }));
    for (const column of columns) {
      const place = measure === "step" ? frame - 1 : frame; // a step is into its frame
      const value = about.kinds[column]?.[measure]?.[place];
      row.append(make("td", "", typeof value === "number" ? value.toFixed(3) : "–"));
    }
    body.append(row);
  }
  return table;
}

/** @param {SavedFilm} film @param {number} point @param {number} frame @param {boolean} named say of which run */
export function tellPoint(film, point, frame, named) {
  const canvas = page(".point canvas", HTMLCanvasElement);
  const className = film.about.class_names[film.labels[point]];
  const name = `Test image ${film.indices[point]}`;
  new Picture(canvas, film.imageShape).draw(film.image(point), 1);
  canvas.setAttribute("aria-label", `${name}, class ${className}`);
  const figures = MEASURES.flatMap((measure) => {
    const values = film.values(measure, frame);
    return values ? [`${MEASURE_NAMES[measure].figure}: ${values[point].toFixed(2)}`] : [];
  });
  const run = named ? [film.about.name] : [];
  page(".point p").textContent = [...run, name, `Class ${className}`, ...figures].join("\n");
  shorten(page(".point p"), className);
}
