/** How true a frame is, and how it moved, by the figures of the film. */

import { number } from "../engine/numbers.js";
import { finder, make } from "../shared/elements.js";
import { epochWords } from "../shared/epochs.js";
import { explain } from "../shared/terms.js";
import { QUALITIES } from "./words.js";

/** @import { Figures, FilmAbout, Kind } from "../engine/film.js" */
/** @import { Sides } from "./sides.js" */

/**
 * @param {FilmAbout} about @param {Kind} kind @param {keyof Figures} name @param {number} place frame or step
 * @returns {number} NaN where it was not measured
 */
export const figure = (about, kind, name, place) => about.kinds[kind]?.[name]?.[place] ?? NaN;

/** @param {HTMLElement} section @param {Sides} sides @param {number} frame of the first film, of which it tells */
export function showQuality(section, { first, kind, all }, frame) {
  const find = finder(section);
  const { about, epochs } = first;
  const { at } = epochWords(about, epochs[frame]);
  find("h2").textContent = `How true the map ${all.length > 1 ? `of ${about.name} ` : ""}is${at}`;
  find(".this").textContent = about.layouts[kind].name;
  const alone = kind === "independent";
  find(".own").hidden = alone;
  const rows = QUALITIES.map(([name, title]) => {
    const row = make("tr");
    row.append(make("th", "", title, { scope: "row" }), make("td", "", number(figure(about, kind, name, frame), 3)));
    if (!alone) row.append(make("td", "", number(figure(about, "independent", name, frame), 3)));
    return row;
  });
  find("tbody").replaceChildren(...rows);
  const [step, stray] = [figure(about, kind, "step", frame - 1), figure(about, kind, "spurious", frame - 1)];
  explain(
    find(".moves"),
    frame ? movesInWords(epochs[frame - 1], step, stray) : "The first frame: nothing has moved yet.",
  );
}

/** @param {number} before epoch @param {number} step @param {number} stray the step of points that kept their neighbours */
function movesInWords(before, step, stray) {
  if (!Number.isFinite(step)) return "How far it moved is not worked out yet.";
  const far = `${number(step, 3)} [standard deviations](#sigma) of the positions`;
  const among = Number.isFinite(stray) ? `; ${number(stray, 3)} among those that kept their neighbours.` : ".";
  return `Since epoch ${before} the median point moved ${far}${among}`;
}
