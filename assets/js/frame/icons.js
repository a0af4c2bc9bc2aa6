/** The signs of the pages, in the manner of the app's own, which are letters of a font. */

const SVG = "http://www.w3.org/2000/svg";

/** @type {Record<string, string>} by the name of the app's sign, the path of one of 16 by 16 */
const PATHS = {
  home: "M2.5 7.5 8 2.5l5.5 5M4 6.5v7h8v-7M6.8 13.5V9.8h2.4v3.7",
  tune: "M2 4.5h6m3 0h3M8 2.8v3.4M2 11.5h3m3 0h6M5.5 9.8v3.4",
  moving: "M2 11.5 6 7.5l2.5 2.5L14 4.5M10.5 4.5H14V8",
  casino: "M3 3h10v10H3zM5.8 5.8h.1M10.1 5.8h.1M8 8h.1M5.8 10.1h.1M10.1 10.1h.1",
  scatter_plot:
    "M6.8 4.5a1.8 1.8 0 1 1-3.6 0 1.8 1.8 0 0 1 3.6 0zM13 7a1.8 1.8 0 1 1-3.6 0A1.8 1.8 0 0 1 13 7zM7.8 11.5a1.8 1.8 0 1 1-3.6 0 1.8 1.8 0 0 1 3.6 0z",
  account_tree: "M2 6h4v4H2zM10.5 2.5H14v3.4h-3.5zM10.5 10.1H14v3.4h-3.5zM6 8h2.3M8.3 4.2v7.6M8.3 4.2h2.2M8.3 11.8h2.2",
  compare: "M8 1.5v13M6 3H3v10h3M10 3h3v10h-3M3 11.5 6 8",
  draw: "M3 13l.8-3.2L11 2.6l2.4 2.4-7.2 7.2zM9.3 4.3l2.4 2.4M9.5 13.3H13",
  school: "M1.5 6 8 3l6.5 3L8 9zM4 7.3v3.4c1.4 1.3 6.6 1.3 8 0V7.3M14.5 6v4",
  query_stats: "M2 9.5 5 6l2.5 2.5L11 4M12 9.5a2.2 2.2 0 1 1-4.4 0 2.2 2.2 0 0 1 4.4 0zM11.4 11.1 14 13.7",
};

/** @param {string} name @returns {SVGElement} */
export function icon(name) {
  const sign = document.createElementNS(SVG, "svg");
  sign.setAttribute("viewBox", "0 0 16 16");
  sign.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name] ?? "M4 8h8");
  sign.append(path);
  return sign;
}
