/** The invisible component that takes a film and lays it on a shelf, where the map finds it. */

import { Film } from "../engine/film.js";
import { safetensorsHeader } from "../engine/safetensors.js";

const FILMS_KEPT = 2; // as many as are side by side; a large one has fifty megabytes

let seen = null; // the last bytes, so that a rerun that brings the same object costs nothing

export default function ({ data, parentElement }) {
  if (!data || data === seen) return;
  const shelf = (globalThis.betaVaeFilms ??= { films: new Map(), listeners: new Set() });
  try {
    const key = JSON.parse(safetensorsHeader(data).header.__metadata__.film).key;
    const film = shelf.films.get(key) ?? new Film(data);
    shelf.films.delete(key);
    shelf.films.set(key, film); // last in the map is newest
    for (const old of [...shelf.films.keys()].slice(0, -FILMS_KEPT)) shelf.films.delete(old);
    seen = data;
  } catch (error) {
    parentElement.querySelector(".store-problem").textContent = `The film cannot be shown: ${error.message}`;
    return;
  }
  for (const listener of [...shelf.listeners]) listener();
}
