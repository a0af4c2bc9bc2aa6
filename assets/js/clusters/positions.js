/** The positions of a film as a table. */

import { csvRow } from "../engine/csv.js";
import { save } from "../shared/files.js";
import { MEASURES } from "./words.js";

/** @import { Shot } from "./shot.js" */

/**
 * Save every position of the layout that is shown as CSV, a row a test image and epoch. The first epoch has no `kept`,
 * the share of its neighbours that an image kept since the epoch before.
 * @param {string} name @param {Shot} shot
 */
export function saveFilmPositions(name, { maps }) {
  const parts = ["run,beta,capacity,layout,epoch,index,class,x,y,kl,reconstruction,kept\n"];
  for (const { scene } of maps) {
    const { film, kind, frames } = scene;
    const { objective } = film.about;
    const beta = "beta" in objective ? objective.beta : null;
    const capacity = "capacity" in objective ? objective.capacity : null;
    for (let frame = 0; frame < frames; frame++) {
      const places = film.at(kind, frame);
      const measured = MEASURES.map((name) => film.values(name, frame));
      const lines = Array.from({ length: film.points }, (_, point) => {
        const image = [film.indices[point], film.about.class_names[film.labels[point]]];
        const place = [single(places[2 * point]), single(places[2 * point + 1])];
        const figures = measured.map((values) => values && single(values[point]));
        return csvRow([film.about.name, beta, capacity, kind, film.epochs[frame], ...image, ...place, ...figures]);
      });
      parts.push(lines.join(""));
    }
  }
  save(`${name}.csv`, parts, "text/csv");
}

/** As many digits as single precision has. @param {number} value */
const single = (value) => Number(value.toPrecision(7));
