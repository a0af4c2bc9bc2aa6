/** What the scripts of several components share in one browser. Each is made by whichever comes first. */

import type { Looks } from "./clusters/looks.js";
import type { Chosen } from "./engine/chosen.js";
import type { EncoderShelf } from "./engine/encoders.js";
import type { Film } from "./engine/film.js";
import type { Meaning } from "./engine/meaning.js";
import type { Registry } from "./shared/live.js";
import type { Assets } from "./shared/mounted.js";
import type { Site } from "./frame/session.js";
import type { Figures } from "./shared/meanings.js";
import type { Shelf } from "./shared/shelf.js";
import type { Terms } from "./shared/terms.js";
import type { Script } from "./shell/hand-on.js";

declare global {
  /** The weights of the selected run and of the one before; see shared/live.js. */
  var betaVaeLive: Registry | undefined;
  /** The films that are shown; see shared/films.js. */
  var betaVaeFilms: Shelf<Film> | undefined;
  /** How they are looked at; see clusters/looks.js. */
  var betaVaeLooks: Looks | undefined;
  /** The page in which a film plays alone, still without a film; see store/player.js. */
  var betaVaePlayer: string | undefined;
  /** The encoders of the selected run; see shared/encoders.js. */
  var betaVaeEncoders: Shelf<EncoderShelf> | undefined;
  /** What the dimensions of the runs mean, and the figures that were measured; see shared/meanings.js. */
  var betaVaeMeanings: Shelf<Meaning> | undefined;
  var betaVaeFigures: Shelf<Figures> | undefined;
  /** The images that the Reconstruct page shows; see shared/chosen.js. */
  var betaVaeChosen: Shelf<Chosen> | undefined;
  /** What the marked words mean, by key; see shell/glossary.js. */
  var betaVaeGlossary: Record<string, string> | undefined;
  /** What shows the words of Streamlit's own prose; see shell/glossary.js. */
  var betaVaeTerms: Terms | undefined;
  /** Whether the menu of pages is listened to; see shell/menu.js. */
  var betaVaeMenu: boolean | undefined;
  /** What an exported page holds, and what takes its parts, base64 of raw-deflated bytes; see frame/page.js. None in the app. */
  var betaVaeSite: Site | undefined;
  var betaVaePages: ((assets: Record<string, Assets>) => void) | undefined;
  var betaVaeDeliver: ((name: string, text: string) => void) | undefined;
  /** The scripts of the components, by name; see shell/hand-on.js. */
  var betaVaeScripts: Map<string, Script> | undefined;
  /** How much larger than usual all is drawn, while presenting; see lesson/presenting.js. */
  var betaVaeScale: number | undefined;
}
