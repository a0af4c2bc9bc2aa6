/** The invisible component that takes a film and lays it on a shelf, where the map finds it. */

import { Film } from "../engine/film.js";
import { safetensorsHeader } from "../engine/safetensors.js";
import { taker } from "./take.js";

const FILMS_KEPT = 2; // as many as are side by side; a large one has fifty megabytes

/** @type {Uint8Array|null} the last bytes, so that a rerun that brings the same object costs nothing */
let seen = null;

export default taker("The film cannot be shown", (bytes) => {
  if (bytes === seen) return;
  globalThis.betaVaeFilms ??= { films: new Map(), listeners: new Set() };
  const { films, listeners } = globalThis.betaVaeFilms;
  const { key } = JSON.parse(safetensorsHeader(bytes).metadata.film);
  const film = films.get(key) ?? new Film(bytes);
  films.delete(key);
  films.set(key, film); // last in the map is newest
  for (const old of [...films.keys()].slice(0, -FILMS_KEPT)) films.delete(old);
  seen = bytes;
  return () => {
    for (const listener of [...listeners]) listener();
  };
});
