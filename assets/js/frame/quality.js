/** How true a run's film is, epoch by epoch: its figures as charts one above the other, in words, and as a table. */

import { number } from "../engine/numbers.js";
import { svg, ticks } from "../shared/axes.js";
import { make } from "../shared/elements.js";
import { enlarged } from "../shared/enlarged.js";
import { line } from "./prose.js";

/** @import { FilmTold, FiguresTold, QualityTold } from "./session.js" */

const PANEL_HEIGHT = 150; // pixels of height, as in the app
const CHART_EDGE = { left: 34, right: 10, top: 26, bottom: 16 };
const BELOW_PANELS = 38; // of the last: room for the epochs
const EPOCH_ROOM = 24; // pixels that the number of an epoch takes
/** @type {Record<string, string>} */
const DASHES = { dot: "2 4", dash: "8 5", dashdot: "9 4 2 4" };

/** @param {string} colour @param {string} symbol @param {number} x @param {number} y */
function markAt(colour, symbol, x, y) {
  const [shape, open] = symbol.split("-");
  const look = { class: "mark", stroke: colour, fill: open ? "var(--st-background-color)" : colour };
  return shape === "circle"
    ? svg("circle", { ...look, cx: x, cy: y, r: 3.5 })
    : svg("rect", { ...look, x: x - 3.25, y: y - 3.25, width: 6.5, height: 6.5 });
}

/** @param {string} colour @param {string} dash @param {string} points */
const lineAlong = (colour, dash, points) =>
  svg("polyline", { class: "path", stroke: colour, "stroke-dasharray": DASHES[dash] ?? "none", points });

/** @param {QualityTold} told @param {FiguresTold} figures @returns {HTMLElement} what the lines are */
function legendOf({ kinds }, figures) {
  const list = make("ul", "kinds");
  for (const [kind, { name, colour, dash, symbol }] of Object.entries(kinds)) {
    if (!figures.kinds[kind]) continue;
    const sample = svg("svg", { viewBox: "0 0 36 12", "aria-hidden": "true" });
    sample.append(lineAlong(colour, dash, "0,6 36,6"), markAt(colour, symbol, 18, 6));
    const item = list.appendChild(make("li"));
    item.append(sample, name);
  }
  return list;
}

/**
 * @param {SVGSVGElement} picture @param {number} width pixels @param {QualityTold} told @param {FiguresTold} figures
 */
function drawPanels(picture, width, { measures, kinds }, { epochs, kinds: measured }) {
  const names = Object.keys(measures);
  const bottom = PANEL_HEIGHT * names.length + BELOW_PANELS - CHART_EDGE.bottom;
  const right = width - CHART_EDGE.right;
  /** @param {number} place of a frame: they are evenly spaced, as along the film's clock */
  const x = (place) => CHART_EDGE.left + 8 + (place / Math.max(1, epochs.length - 1)) * (right - CHART_EDGE.left - 16);
  /** @type {SVGElement[]} */
  const parts = [];
  for (const [row, name] of names.entries()) {
    const [top, foot] = [PANEL_HEIGHT * row + CHART_EDGE.top, PANEL_HEIGHT * (row + 1) - CHART_EDGE.bottom];
    const found = Object.entries(kinds).flatMap(([kind, look]) => {
      const values = measured[kind]?.[name] ?? [];
      return values.length ? [{ ...look, values }] : [];
    });
    const most = Math.max(1e-6, ...found.flatMap(({ values }) => values)) * 1.05;
    /** @param {number} value */
    const y = (value) => foot - (value / most) * (foot - top);
    parts.push(svg("text", { class: "title", x: 0, y: PANEL_HEIGHT * row + 13 }, measures[name]));
    const { found: rungs, digits } = ticks(0, most, 3);
    for (const value of rungs) {
      parts.push(svg("line", { class: "grid", x1: CHART_EDGE.left, x2: right, y1: y(value), y2: y(value) }));
      parts.push(svg("text", { x: CHART_EDGE.left - 6, y: y(value) + 4, "text-anchor": "end" }, number(value, digits)));
    }
    const first = name === "step" ? 1 : 0; // the first step is into the second frame
    for (const { colour, dash, values } of found) {
      parts.push(lineAlong(colour, dash, values.map((value, at) => `${x(first + at)},${y(value)}`).join(" ")));
    }
    for (const { name: kind, colour, symbol, values } of found) {
      for (const [at, value] of values.entries()) {
        const point = markAt(colour, symbol, x(first + at), y(value));
        point.append(svg("title", {}, `${kind}, epoch ${epochs[first + at]}: ${number(value, 3)}`));
        parts.push(point);
      }
    }
  }
  let free = Infinity; // from the last on, which is always told
  for (const [place, epoch] of [...epochs.entries()].reverse()) {
    if (x(place) > free - EPOCH_ROOM) continue;
    free = x(place);
    parts.push(svg("text", { x: free, y: bottom - 12, "text-anchor": "middle" }, String(epoch)));
  }
  parts.push(svg("text", { x: (CHART_EDGE.left + right) / 2, y: bottom + 6, "text-anchor": "middle" }, "Epoch"));
  picture.setAttribute("viewBox", `0 0 ${width} ${bottom + CHART_EDGE.bottom}`);
  picture.replaceChildren(...parts);
}

/** @param {QualityTold} told @param {FiguresTold} figures @returns {string} as `by_epoch` in pages/parts/film_quality.py */
function figuresInWords({ measures, kinds }, { epochs, kinds: measured }) {
  const said = Object.entries(measures).flatMap(([measure, title]) =>
    Object.entries(kinds).flatMap(([kind, { name }]) => {
      const values = measured[kind]?.[measure] ?? [];
      return values.length ? [`${title}, ${name}: ${values.map((value) => value.toFixed(3)).join(", ")}`] : [];
    }),
  );
  return `Figures of quality at the epochs ${epochs.join(", ")}. ${said.join(". ")}.`;
}

/** @param {string[]} cells @param {"col"|"row"} scope of what is a heading: all of them, or the first */
function tableRow(cells, scope) {
  const row = make("tr");
  row.append(
    ...cells.map((text, place) =>
      scope === "col" || place === 0 ? make(text ? "th" : "td", "", text, text ? { scope } : {}) : make("td", "", text),
    ),
  );
  return row;
}

/**
 * @param {QualityTold} told @param {string} name of the run @param {FilmTold} film
 * @returns {HTMLElement[]} none where nothing was measured
 */
export function qualityOf(told, name, { said, table, figures }) {
  if (!table || !figures) return [];
  const words = make("p");
  words.append(make("strong", "", name), `: ${said.join(" ")}`);
  const chart = make("div", "chart");
  const picture = svg("svg", { role: "img", "aria-label": figuresInWords(told, figures) });
  chart.append(legendOf(told, figures), picture);
  let drawn = 0;
  new ResizeObserver(() => {
    const width = Math.round(chart.clientWidth / enlarged());
    if (width && width !== drawn) drawPanels(picture, width, told, figures);
    drawn = width;
  }).observe(chart);
  const grid = make("table");
  grid.append(tableRow(table.head, "col"), ...table.rows.map((row) => tableRow(row, "row")));
  const around = make("div", "scrolling", "", { tabindex: 0, role: "region", "aria-label": `Quality of ${name}` });
  around.append(grid);
  const small = make("p", "small");
  small.append(...line(table.note));
  return [words, chart, around, small];
}
