/** What every page of the app has around it, in one invisible component: words that are explained, and the menu. */

import { glossary } from "./glossary.js";
import { menu } from "./menu.js";

/** @import { Mount } from "../shared/mounting.js" */

/** @param {Mount<Record<string, string>> & {parentElement: HTMLElement}} mount see `glossary` */
export default function shell(mount) {
  menu();
  glossary(mount);
}
