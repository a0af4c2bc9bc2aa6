/** All charts of a training on one sheet, in the colours of the theme. */

import { make } from "../shared/elements.js";
import { save } from "../shared/files.js";
import { contextOf } from "../shared/pictures.js";

/** @import { Chart } from "./chart.js" */
/** @import { RunCurves } from "./curves.js" */

const SHEET_SCALE = 2;
const SHEET_EDGE = 16; // pixels around the charts
const RUN_LINE = 24; // pixels of a line above them for each run

/** What a chart has from style sheets, which its copy must bring along. */
const COPIED = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-size", "font-family"];

/**
 * Save what is shown as a PNG.
 * @param {string} name of the file @param {HTMLElement} shown where the charts are @param {Chart[]} charts
 * @param {RunCurves[]} runs of which they are @param {string[]} colours CSS variables of the runs' colours, used where there
 *   are several
 */
export async function saveCharts(name, shown, charts, runs, colours) {
  const box = shown.getBoundingClientRect();
  const style = getComputedStyle(shown);
  const frame = {
    left: box.left - SHEET_EDGE,
    top: box.top - SHEET_EDGE - runs.length * RUN_LINE,
    width: box.width + 2 * SHEET_EDGE,
    height: box.height + 2 * SHEET_EDGE + runs.length * RUN_LINE,
  };
  const sheet = make("canvas", "", "", { width: frame.width * SHEET_SCALE, height: frame.height * SHEET_SCALE });
  const context = contextOf(sheet);
  context.scale(SHEET_SCALE, SHEET_SCALE);
  context.fillStyle = style.getPropertyValue("--st-background-color") || "#fff";
  context.fillRect(0, 0, frame.width, frame.height);
  context.font = `600 14px ${style.fontFamily}`;
  for (const [which, { name: run, weight, epochs }] of runs.entries()) {
    const one = runs.length === 1;
    context.fillStyle = one ? style.color : style.getPropertyValue(colours[which]);
    const words = `${one ? "" : `${which + 1}  `}${run}, ${weight}, epoch ${epochs.at(-1)}`;
    context.fillText(words, SHEET_EDGE, SHEET_EDGE + RUN_LINE * which + 15, box.width);
  }
  context.fillStyle = style.color;
  for (const chart of charts) {
    const title = chart.root.getBoundingClientRect();
    const unit = chart.unit ? `, ${chart.unit}` : "";
    context.fillText(`${chart.title}${unit}`, title.left - frame.left, title.top - frame.top + 15);
    const { left, top, width, height } = chart.svg.getBoundingClientRect();
    const image = await drawn(chart.svg, width * SHEET_SCALE, height * SHEET_SCALE);
    context.drawImage(image, left - frame.left, top - frame.top, width, height);
  }
  sheet.toBlob((blob) => blob && save(name, [blob], "image/png"), "image/png");
}

/** @param {SVGElement} shown @param {number} width @param {number} height @returns {Promise<HTMLImageElement>} */
async function drawn(shown, width, height) {
  const copy = /** @type {SVGElement} */ (shown.cloneNode(true));
  const from = shown.querySelectorAll("*");
  for (const [i, element] of copy.querySelectorAll("*").entries()) {
    const computed = getComputedStyle(from[i]);
    for (const name of COPIED) {
      /** @type {SVGElement} */ (element).style.setProperty(name, computed.getPropertyValue(name));
    }
  }
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  await image.decode();
  return image;
}
