/** The images that Python chose for the Reconstruct page, laid down by store/chosen.js. */

import { Shelf } from "./shelf.js";

globalThis.betaVaeChosen ??= new Shelf(1);

export const chosenShelf = globalThis.betaVaeChosen;
