/** What colours and figures are called, in the app and in the film that plays alone. */

/** @import { Figures, Measure } from "../engine/film.js" */

/**
 * What every film has measured of each point at each frame. title: what the colours are called beside the map; alone: in
 * the
 * film that plays alone, where no sentence explains them; figure: what one point's value is called there.
 * @type {Record<Measure, {title: string, alone: string, figure: string}>}
 */
export const MEASURE_NAMES = {
  kl: { title: "KL of the image", alone: "KL of the image, nats", figure: "KL, nats" },
  reconstruction: { title: "reconstruction", alone: "Reconstruction, nats", figure: "Reconstruction, nats" },
  kept: { title: "neighbours kept", alone: "Share of neighbours kept", figure: "Neighbours kept" },
};

export const MEASURES = /** @type {Measure[]} */ (Object.keys(MEASURE_NAMES));

/** How true a frame is; 1 is best. @type {[keyof Figures, string][]} */
export const QUALITIES = [
  ["trustworthiness", "Trustworthiness"],
  ["continuity", "Continuity"],
  ["accuracy", "Accuracy"],
];
