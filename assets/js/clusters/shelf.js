/** The films that have arrived, and what the browser keeps of how they are looked at. */

/** @import { Film } from "../engine/film.js" */

globalThis.betaVaeFilms ??= { films: new Map(), listeners: new Set() };

export const shelf = globalThis.betaVaeFilms;

/**
 * @param {string} key
 * @returns {Film|undefined} which then counts as new, so that a third takes the place of one that is not shown
 */
export function shelved(key) {
  const film = shelf.films.get(key);
  if (film) {
    shelf.films.delete(key);
    shelf.films.set(key, film);
  }
  return film;
}
