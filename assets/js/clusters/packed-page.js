/** The film as a page that plays it without the app and without a network: the player with the film put in. */

import { save } from "../shared/files.js";
import { Pack } from "./packed.js";
import { MEASURES } from "./words.js";

/** @import { PackedPage } from "./packed.js" */
/** @import { Shot } from "./shot.js" */

/** @param {string} name of the file, without its ending @param {Shot} shot */
export async function saveFilmPage(name, { maps, seconds, speed, player }) {
  const page = new DOMParser().parseFromString(player, "text/html");
  const pack = new Pack();
  const films = maps.map(({ scene }) => pack.addFilm(scene));
  const [{ view, scene }] = maps;
  const { kind, options } = scene;
  const colourBy = MEASURES.some((measure) => measure === scene.colourBy) ? scene.colourBy : "class"; // not by a dimension
  /** @type {PackedPage} */
  const packed = {
    films,
    shown: { kind, colourBy, options, view, seconds: seconds * speed, speed },
    arrays: pack.arrays,
  };
  page.title = films.map(({ about }) => about.name).join(" and ");
  // The text of a script is not escaped when it is written: a name might hold what ends it.
  put(page, "films", JSON.stringify(packed).replaceAll("<", "\\u003c"));
  put(page, "numbers", await pack.text());
  save(`${name}.html`, [`<!doctype html>\n${page.documentElement.outerHTML}\n`], "text/html");
}

/** @param {Document} page @param {string} id @param {string} text */
function put(page, id, text) {
  const element = page.getElementById(id);
  if (!element) throw new Error(`The player has no place for its ${id}.`);
  element.textContent = text;
}
