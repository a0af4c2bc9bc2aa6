/** How much larger than usual all is: more than 1 while a lesson is shown on a full screen, see lesson/presenting.js. */
export const enlarged = () => globalThis.betaVaeScale ?? 1;
