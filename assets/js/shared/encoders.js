/** The encoders of the run that is drawn for, received once: the shelf is made by whichever component comes first. */

import { Shelf } from "./shelf.js";

globalThis.betaVaeEncoders ??= new Shelf(1);

export const encoderShelf = globalThis.betaVaeEncoders;
