/** How the classes of the images are drawn and named, wherever they are: in the components and in the film that plays alone. */

import { textsIn } from "./elements.js";

/**
 * Petroff's ten colours, told apart by colour-blind eyes too; the numerals say the same without colour. In the order that
 * keeps digits apart that touch in the films of the bundled runs: of those pairs, the two nearest colours differ by 0.20 (in
 * OKLab), and by 0.16 to who cannot tell red from green; in Petroff's order by 0.10 and 0.06.
 */
export const CLASS_COLOURS = [
  "#3f90da",
  "#a96b59",
  "#b9ac70",
  "#832db6",
  "#94a4a2",
  "#92dadd",
  "#e76300",
  "#bd1f01",
  "#717581",
  "#ffa90e",
];

/** @param {number} label @returns {string} a class's colour, as CSS writes it; of more than ten classes some share one */
export const classColour = (label) => CLASS_COLOURS[label % CLASS_COLOURS.length];

const LONG = 24; // characters, as a person counts them, that a class's name may have before it is cut

/**
 * @param {string} name @param {number} [most] characters
 * @returns {string} a name with no more characters than that, the last of them a sign that there were more
 */
export function cut(name, most = LONG) {
  if (name.length <= most) return name;
  // Made here: the browser takes a while over its tables of the world's scripts, which few names need.
  const found = Array.from(new Intl.Segmenter().segment(name), ({ segment }) => segment);
  return found.length <= most ? name : `${found.slice(0, most - 1).join("")}…`;
}

/**
 * Cut the names of classes in what an element says, by the style of `.long-name`: who listens hears them whole, and who
 * points at them, or has the focus there, sees them whole; see terms.js.
 * @param {Element} element @param {...string} names
 */
export function shorten(element, ...names) {
  for (const name of new Set(names)) {
    if (cut(name) === name) continue;
    const found = textsIn(element).filter(
      (node) => node.data.includes(name) && !node.parentElement?.matches(".long-name"),
    );
    for (const node of found) {
      const [first, ...others] = node.data.split(name);
      node.replaceWith(first, ...others.flatMap((rest) => [longName(element, name), rest]));
    }
  }
}

/** @param {Element} element it will stand in @param {string} name */
function longName(element, name) {
  const made = document.createElement("span");
  made.className = "long-name";
  made.textContent = name;
  if (!element.closest("button, label")) made.tabIndex = 0;
  return made;
}
