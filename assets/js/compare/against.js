/** What was measured of runs against what weighs the KL: a chart a figure, a point a run, a mean and its interval over seeds. */

import { number } from "../engine/numbers.js";
import { svg, ticks } from "../shared/axes.js";
import { make } from "../shared/elements.js";
import { enlarged } from "../shared/enlarged.js";
import { explain, unmarked } from "../shared/terms.js";
import { colourOf, seriesOf } from "./comparison.js";

/** @import { Comparison, Group, Shown, Spread } from "./comparison.js" */

const CHART_HEIGHT = 150;
const CHART_EDGE = { left: 40, right: 14, top: 10, bottom: 34 };
const NARROW = 26; // pixels that a value below the axis takes

/** @param {Spread} spread @param {number} decimals @returns {string} as `shown` in bvae/compared.py */
function said({ mean, half, low, high, count }, decimals) {
  if (half !== null) return `${number(mean, decimals)} ± ${number(half, decimals)}`;
  return count > 2
    ? `${number(mean, decimals)} (${number(low, decimals)} to ${number(high, decimals)})`
    : number(mean, decimals);
}

/**
 * Where values stand along the axis: by their logarithm, or one after another where one of them has none.
 * @param {number[]} values in ascending order @returns {(value: number) => number} 0 to 1
 */
function along(values) {
  const places = values[0] > 0 ? values.map(Math.log) : values.map((_, place) => place);
  const [low, high] = [places[0], places[places.length - 1]];
  return (value) => (high > low ? (places[values.indexOf(value)] - low) / (high - low) : 0.5);
}

/**
 * @param {HTMLElement} root where the charts are put
 * @param {Comparison} comparison @param {Shown[]} shown the figures, in order
 * @returns {boolean} whether there is any
 */
export function showAgainst(root, comparison, shown) {
  const { groups, series } = comparison;
  const kind = series.length ? groups[series[0].groups[0]].objective : "beta";
  const of = seriesOf(comparison);
  const charts = shown.flatMap((figure) => {
    const drawn = groups.filter(({ objective, figures }) => objective === kind && figure.name in figures);
    if (!drawn.length) return [];
    const chart = make("figure", "chart");
    const title = make("figcaption");
    explain(title, figure.label);
    const picture = svg("svg", { role: "img" });
    chart.append(title, picture);
    return [{ chart, picture, figure, drawn }];
  });
  root.replaceChildren(...charts.map(({ chart }) => chart));
  const widths = charts.map(({ picture }) => picture.clientWidth); // of all at once, since each is asked for anew once one is drawn
  for (const [place, { picture, figure, drawn }] of charts.entries()) {
    draw(picture, Math.max(160, (widths[place] || 240) / enlarged()), comparison, figure, drawn, of);
    const values = drawn.map(({ weight, figures }) => `${weight}: ${said(figures[figure.name], figure.decimals)}`);
    picture.setAttribute(
      "aria-label",
      `${unmarked(figure.label)} by ${kind === "beta" ? "β" : "capacity"}. ${values.join("; ")}.`,
    );
  }
  return charts.length > 0;
}

/** @param {SVGSVGElement} picture @param {number} width pixels @param {Comparison} comparison @param {Shown} figure @param {Group[]} drawn @param {Map<number, number>} of */
function draw(picture, width, { runs, groups, series }, { name }, drawn, of) {
  const [right, bottom] = [width - CHART_EDGE.right, CHART_HEIGHT - CHART_EDGE.bottom];
  const spreads = drawn.map(({ figures }) => figures[name]);
  // Of two seeds the interval would flatten everything else: it is told, and not drawn.
  const ends = spreads.flatMap(({ mean, half, low, high, count }) =>
    half === null || count < 3 ? [low, high] : [Math.min(low, mean - half), Math.max(high, mean + half)],
  );
  let [low, high] = [Math.min(...ends), Math.max(...ends)];
  const room = Math.max(0.06 * (high - low), 1e-3, 0.02 * Math.abs(high));
  [low, high] = [low - room, high + room];
  const values = [...new Set(drawn.map(({ value }) => value))].sort((a, b) => a - b);
  const place = along(values);
  /** @param {number} value */
  const x = (value) => CHART_EDGE.left + 12 + place(value) * (right - CHART_EDGE.left - 24);
  /** @param {number} value */
  const y = (value) =>
    Math.min(bottom, Math.max(CHART_EDGE.top, bottom - ((value - low) / (high - low)) * (bottom - CHART_EDGE.top)));
  /** @type {SVGElement[]} */
  const parts = [];
  const { found, digits } = ticks(low, high, 3);
  for (const value of found) {
    parts.push(svg("line", { class: "grid", x1: CHART_EDGE.left, x2: right, y1: y(value), y2: y(value) }));
    parts.push(svg("text", { x: CHART_EDGE.left - 6, y: y(value) + 4, "text-anchor": "end" }, number(value, digits)));
  }
  let free = -NARROW;
  for (const value of values) {
    if (x(value) < free + NARROW) continue;
    free = x(value);
    parts.push(svg("text", { x: free, y: bottom + 15, "text-anchor": "middle" }, String(value)));
  }
  const axis = drawn[0].objective === "beta" ? "β" : "C, nats";
  parts.push(svg("text", { x: (CHART_EDGE.left + right) / 2, y: CHART_HEIGHT - 4, "text-anchor": "middle" }, axis));
  for (const [at, { groups: members }] of series.entries()) {
    const own = members.map((member) => groups[member]).filter((group) => drawn.includes(group));
    if (!own.length) continue;
    const points = own.map(({ value, figures }) => `${x(value).toFixed(1)},${y(figures[name].mean).toFixed(1)}`);
    parts.push(svg("polyline", { class: `path ${colourOf(at)}`, points: points.join(" ") }));
  }
  for (const group of drawn) {
    const { value, figures, runs: places } = group;
    const { mean, half, count } = figures[name];
    const colour = colourOf(of.get(groups.indexOf(group)) ?? 0);
    if (half !== null && count > 2) {
      parts.push(
        svg("line", { class: `sure ${colour}`, x1: x(value), x2: x(value), y1: y(mean - half), y2: y(mean + half) }),
      );
    }
    for (const run of places) {
      const one = runs[run].figures[name];
      if (one !== undefined) parts.push(svg("circle", { class: `seed ${colour}`, cx: x(value), cy: y(one), r: 2.5 }));
    }
    parts.push(svg("circle", { class: `mean ${colour}`, cx: x(value), cy: y(mean), r: 3.5 }));
  }
  picture.setAttribute("viewBox", `0 0 ${width} ${CHART_HEIGHT}`);
  picture.replaceChildren(...parts);
}
