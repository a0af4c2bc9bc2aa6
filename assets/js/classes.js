/** How the classes of the images are drawn and named, wherever they are: in the components and in the film that plays alone. */

/**
 * Petroff's ten colours, told apart by colour-blind eyes too; the numerals say the same without colour. In the order that
 * keeps digits apart that touch in the films of the bundled runs: of those pairs, the two nearest colours differ by 31
 * (CIEDE2000), and by 26 to who cannot tell red from green; in Petroff's order by 17 and 14.
 */
export const CLASS_COLOURS = [
  "#717581", "#b9ac70", "#92dadd", "#832db6", "#3f90da", "#94a4a2", "#e76300", "#a96b59", "#bd1f01", "#ffa90e",
];

/** @returns {string} a class's colour, as CSS writes it; of more than ten classes some share one */
export const classColour = (label) => CLASS_COLOURS[label % CLASS_COLOURS.length];
