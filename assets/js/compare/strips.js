/** The KL of every dimension as a small strip of bars for each run, those that carry most first. */

import { number } from "../engine/numbers.js";
import { svg } from "../shared/axes.js";
import { make } from "../shared/elements.js";
import { called, inOrder } from "./comparison.js";

/** @import { Comparison, ComparedRun } from "./comparison.js" */

const STRIP_HIGH = 44;
const STRIP_WIDE = 120;

/**
 * @param {HTMLElement} root @param {Comparison} comparison
 * @param {number} passiveBelow nats @returns {number} the highest bar, in nats
 */
export function showStrips(root, comparison, passiveBelow) {
  const { runs } = comparison;
  const most = Math.max(passiveBelow, ...runs.flatMap(({ kl_per_dimension: kl }) => kl));
  root.replaceChildren(...inOrder(comparison).map((place) => strip(runs[place], most, passiveBelow)));
  return most;
}

/** @param {ComparedRun} run @param {number} most nats @param {number} passiveBelow nats */
function strip(run, most, passiveBelow) {
  const kl = run.kl_per_dimension.toSorted((one, other) => other - one);
  const used = kl.filter((nats) => nats >= passiveBelow).length;
  const wide = STRIP_WIDE / kl.length;
  const bars = kl.map((nats, rank) => {
    const high = Math.max(1, (Math.max(0, nats) / most) * STRIP_HIGH);
    return `M${(rank * wide).toFixed(2)} ${STRIP_HIGH}v${(-high).toFixed(2)}h${(0.8 * wide).toFixed(2)}V${STRIP_HIGH}Z`;
  });
  const words = `${called(run)}: ${kl.map((nats) => number(nats)).join(", ")} nats`;
  const picture = svg("svg", {
    role: "img",
    "aria-label": words,
    viewBox: `0 0 ${STRIP_WIDE} ${STRIP_HIGH}`,
    preserveAspectRatio: "none",
  });
  picture.append(
    svg("path", { class: "carries", d: bars.slice(0, used).join("") }),
    svg("path", { class: "nothing", d: bars.slice(used).join("") }),
  );
  const figure = make("figure", "strip");
  const caption = make("figcaption", "", called(run), { title: run.name });
  figure.append(picture, caption, make("small", "", `${number(run.figures.kl)} nats, ${used} of ${kl.length}`));
  return figure;
}
