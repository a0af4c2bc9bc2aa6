/**
 * The films that are shown, laid down by store/films.js: as many as are side by side, since a large one has fifty
 * megabytes.
 */

import { Shelf } from "./shelf.js";

globalThis.betaVaeFilms ??= new Shelf(2);

export const filmShelf = globalThis.betaVaeFilms;
