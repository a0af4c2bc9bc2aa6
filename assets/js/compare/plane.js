/**
 * The rate–distortion plane: what a run's codes tell (KL) against what is lost of the image (reconstruction above its floor).
 * A run is a point that opens; a line goes through the means over the seeds, in the order of β.
 */

import { number } from "../engine/numbers.js";
import { svg, ticks } from "../shared/axes.js";
import { enlarged } from "../shared/enlarged.js";
import { called, colourOf, inOrder, seriesOf } from "./comparison.js";

/** @import { ComparedRun, Comparison } from "./comparison.js" */

const PLANE_EDGE = { left: 56, right: 92, top: 34, bottom: 50 };
const POINT_RADIUS = 5;
const POINTED_WITHIN = 18; // pixels from a point within which a pointer means it
const LABEL_LETTER = 7.2; // pixels that a letter of a label takes, about
const LABEL_HIGH = 14;

/** @typedef {{left: number, right: number, top: number, bottom: number}} Box */
/** @typedef {{x: (kl: number) => number, y: (above: number) => number, low: number[], high: number[], right: number, bottom: number}} Scale */

export class Plane {
  /**
   * @param {SVGSVGElement} root
   * @param {{said: (run: ComparedRun|null) => void, opened: (run: ComparedRun) => void, address: (run: ComparedRun) => string}} listener
   */
  constructor(root, listener) {
    this.root = root;
    this.listener = listener;
    /** @type {Comparison|null} */
    this.comparison = null;
    /** @type {(SVGElement|null)[]} by place of the run */
    this.points = [];
    /** @type {{x: number, y: number}[]} */
    this.places = [];
    /** @type {number|null} the run that is pointed at */
    this.picked = null;
    root.addEventListener("pointermove", (event) => this.pick(this.nearest(event)));
    root.onpointerleave = () => this.pick(null);
    root.onclick = (event) => {
      const place = this.nearest(event);
      // A link that is pressed opens in a new tab by itself.
      if (place === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.open(place);
    };
    root.onkeydown = (event) => this.press(event);
  }

  /** @param {MouseEvent} event @returns {number|null} the place of the run that is meant */
  nearest({ clientX, clientY }) {
    const { left, top } = this.root.getBoundingClientRect();
    let best = null;
    let least = POINTED_WITHIN ** 2;
    for (const [place, { x, y }] of this.places.entries()) {
      const far = (x - (clientX - left) / enlarged()) ** 2 + (y - (clientY - top) / enlarged()) ** 2;
      if (far <= least) [best, least] = [place, far];
    }
    return best;
  }

  /** @param {number} place */
  open(place) {
    const run = this.comparison?.runs[place];
    if (run) this.listener.opened(run);
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const { comparison } = this;
    const at = this.points.indexOf(/** @type {SVGElement} */ (event.target));
    if (!comparison || at < 0) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.open(at);
      return;
    }
    const order = inOrder(comparison);
    /** @type {Record<string, number>} */
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -order.length, End: order.length };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const next = Math.min(order.length - 1, Math.max(0, order.indexOf(at) + steps[event.key]));
    this.points[order[next]]?.focus();
  }

  /** @param {number|null} place of a run that is pointed at */
  pick(place) {
    if (place === this.picked) return;
    this.picked = place;
    for (const [other, point] of this.points.entries()) point?.classList.toggle("picked", other === place);
    this.root.classList.toggle("pointing", place !== null);
    this.listener.said(place === null ? null : (this.comparison?.runs[place] ?? null));
  }

  /** @param {Comparison} comparison @param {string|null} selected the name of the run that all pages look at */
  draw(comparison, selected) {
    const { root } = this;
    const focused = this.points.indexOf(/** @type {SVGElement} */ (root.querySelector(":focus")));
    this.comparison = comparison;
    this.picked = null;
    const { runs, groups, series } = comparison;
    const width = Math.max(280, (root.clientWidth || 700) / enlarged());
    const height = Math.round(Math.min(460, Math.max(300, 0.52 * width)));
    const scale = scaleOf(comparison, width, height);
    /** @type {Box[]} what no label may cover */
    const taken = [];
    /** @type {SVGElement[]} */
    const parts = [...axes(comparison, scale), ...diagonals(comparison, scale, taken)];
    this.places = runs.map(({ figures }) => ({ x: scale.x(figures.kl), y: scale.y(figures.above) }));
    for (const { x, y } of this.places) taken.push({ left: x - 6, right: x + 6, top: y - 6, bottom: y + 6 });
    const of = seriesOf(comparison);
    const colours = runs.map(() => "series-0");
    for (const [place, group] of groups.entries())
      for (const run of group.runs) colours[run] = colourOf(of.get(place) ?? 0);
    for (const [place, { groups: members }] of series.entries())
      parts.push(...lines(comparison, members, colourOf(place), scale));
    this.points = runs.map((run, place) => this.point(run, this.places[place], colours[place], run.name === selected));
    const [first] = inOrder(comparison);
    if (first !== undefined) this.points[first]?.setAttribute("tabindex", "0");
    parts.push(.../** @type {SVGElement[]} */ (this.points.filter(Boolean)), ...labels(comparison, scale, taken));
    root.setAttribute("viewBox", `0 0 ${width} ${height}`);
    root.style.height = `${height / 16}rem`;
    root.setAttribute("role", "group");
    root.setAttribute(
      "aria-label",
      `${runs.length} ${runs.length === 1 ? "run" : "runs"} by KL and reconstruction. Arrow keys go from run to run.`,
    );
    root.replaceChildren(...parts);
    if (focused >= 0) this.points[focused]?.focus();
  }

  /** @param {ComparedRun} run @param {{x: number, y: number}} at @param {string} colour @param {boolean} selected */
  point(run, { x, y }, colour, selected) {
    const { figures } = run;
    const above = this.comparison?.floor ? " above its floor" : "";
    const words =
      `${called(run)}: KL ${number(figures.kl)}, reconstruction ${number(figures.above)}${above}, ` +
      `−ELBO ${number(figures.bound)} nats. ${run.here ? `Opens ${run.name}` : "Shows the command that trains it"}`;
    const attributes = {
      class: `run ${colour}${run.here ? "" : " absent"}${selected ? " selected" : ""}`,
      tabindex: -1,
    };
    const point = run.here
      ? svg("a", { ...attributes, href: this.listener.address(run), "aria-label": words })
      : svg("g", { ...attributes, role: "button", "aria-label": words });
    point.append(
      svg("circle", { class: "halo", cx: x, cy: y, r: POINT_RADIUS + 4 }),
      svg("circle", { cx: x, cy: y, r: POINT_RADIUS }),
    );
    const place = this.comparison?.runs.indexOf(run) ?? null;
    point.onfocus = () => this.pick(place);
    point.onblur = () => this.pick(null);
    return point;
  }
}

/** @param {Comparison} comparison @param {number} width @param {number} height @returns {Scale} */
function scaleOf({ runs, groups }, width, height) {
  /** @param {string} name @param {number} room share of the range that stays free @returns {[number, number]} */
  const range = (name, room) => {
    const values = runs.map(({ figures }) => figures[name]);
    for (const { figures, runs: places } of groups) {
      const { mean, half } = figures[name];
      if (places.length > 2 && half !== null) values.push(mean - half, mean + half);
    }
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const free = Math.max(room * (high - low), 0.5, 0.01 * Math.abs(high));
    return [low - free, high + free];
  };
  const [left, right] = range("kl", 0.08);
  const [low, high] = range("above", 0.08);
  const [across, up] = [width - PLANE_EDGE.left - PLANE_EDGE.right, height - PLANE_EDGE.top - PLANE_EDGE.bottom];
  return {
    x: (kl) => PLANE_EDGE.left + ((kl - left) / (right - left)) * across,
    y: (above) => PLANE_EDGE.top + up - ((above - low) / (high - low)) * up,
    low: [left, low],
    high: [right, high],
    right: PLANE_EDGE.left + across,
    bottom: PLANE_EDGE.top + up,
  };
}

/** @param {Comparison} comparison @param {Scale} scale @returns {SVGElement[]} */
function axes({ floor }, { x, y, low, high, right, bottom }) {
  /** @type {SVGElement[]} */
  const parts = [];
  const across = ticks(low[0], high[0], Math.min(8, (right - PLANE_EDGE.left) / 70));
  for (const value of across.found) {
    parts.push(svg("line", { class: "tick", x1: x(value), x2: x(value), y1: bottom, y2: bottom + 4 }));
    parts.push(svg("text", { x: x(value), y: bottom + 17, "text-anchor": "middle" }, number(value, across.digits)));
  }
  const up = ticks(low[1], high[1], 6);
  for (const value of up.found) {
    parts.push(
      svg("line", { class: "tick", x1: PLANE_EDGE.left - 4, x2: PLANE_EDGE.left, y1: y(value), y2: y(value) }),
    );
    parts.push(
      svg("text", { x: PLANE_EDGE.left - 8, y: y(value) + 4, "text-anchor": "end" }, number(value, up.digits)),
    );
  }
  parts.push(svg("path", { class: "axes", d: `M${PLANE_EDGE.left} ${PLANE_EDGE.top}V${bottom}H${right}` }));
  const lost = floor ? "Reconstruction above its floor, nats" : "Reconstruction, nats";
  parts.push(svg("text", { class: "title", x: 0, y: 12 }, `↑ ${lost}: what is lost`));
  parts.push(
    svg("text", { class: "title", x: right, y: bottom + 40, "text-anchor": "end" }, "KL, nats: what codes tell →"),
  );
  return parts;
}

/**
 * Along each line −ELBO stays the same. Its value stands where the line ends on the right or begins at the top.
 * @param {Comparison} comparison @param {Scale} scale @param {Box[]} taken
 * @returns {SVGElement[]}
 */
function diagonals({ floor }, { x, y, low, high, right, bottom }, taken) {
  const { found, digits } = ticks(floor + low[0] + low[1], floor + high[0] + high[1], 7);
  /** @type {SVGElement[]} */
  const parts = [];
  for (const bound of found) {
    const sum = bound - floor;
    const from = Math.max(low[0], sum - high[1]);
    const to = Math.min(high[0], sum - low[1]);
    if (to <= from) continue;
    const [x1, x2] = [x(from), x(to)];
    const [y1, y2] = [y(sum - from), y(sum - to)];
    parts.push(svg("line", { class: "equal", x1, x2, y1, y2 }));
    const words = `−ELBO ${number(bound, digits)}`;
    const wide = words.length * 6;
    const beside = { left: right + 5, right: right + 5 + wide, top: y2 - 7, bottom: y2 + 7 };
    const above = { left: x1 - wide / 2, right: x1 + wide / 2, top: PLANE_EDGE.top - 15, bottom: PLANE_EDGE.top - 3 };
    const box =
      to >= high[0] - 1e-9 && y2 < bottom - 4 ? beside : from > low[0] && x1 < right - wide / 2 ? above : null;
    if (!box || taken.some((other) => meet(box, other))) continue;
    taken.push(box);
    parts.push(svg("text", { class: "bound", x: box.left, y: box.bottom - 3 }, words));
  }
  return parts;
}

/** @param {Box} one @param {Box} other */
const meet = (one, other) =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;

/**
 * A line through the means of groups, and how far each mean may be off.
 * @param {Comparison} comparison @param {number[]} members places of groups @param {string} colour @param {Scale} scale
 * @returns {SVGElement[]}
 */
function lines({ groups }, members, colour, { x, y }) {
  const means = members.map((place) => groups[place].figures);
  const points = means.map(({ kl, above }) => `${x(kl.mean).toFixed(1)},${y(above.mean).toFixed(1)}`);
  /** @type {SVGElement[]} */
  const parts = [svg("polyline", { class: `path ${colour}`, points: points.join(" ") })];
  for (const { kl, above } of means) {
    if (kl.half === null || above.half === null || kl.count < 3) continue; // of two seeds it would cross the whole plane
    const at = `M${x(kl.mean - kl.half)} ${y(above.mean)}H${x(kl.mean + kl.half)}`;
    parts.push(
      svg("path", {
        class: `sure ${colour}`,
        d: `${at}M${x(kl.mean)} ${y(above.mean - above.half)}V${y(above.mean + above.half)}`,
      }),
    );
  }
  return parts;
}

/** What weighs the KL, beside each group that has room for it. @param {Comparison} comparison @param {Scale} scale @param {Box[]} taken */
function labels({ groups }, { x, y, bottom }, taken) {
  return groups.flatMap(({ weight, figures: { kl, above } }) => {
    const [left, top] = [x(kl.mean), y(above.mean)];
    const wide = weight.length * LABEL_LETTER;
    const places = [
      [10, -8],
      [10, 20],
      [-10 - wide, -8],
      [-10 - wide, 20],
    ];
    for (const [right, down] of places) {
      const box = {
        left: left + right,
        right: left + right + wide,
        top: top + down - LABEL_HIGH + 3,
        bottom: top + down + 3,
      };
      if (box.left < PLANE_EDGE.left || box.bottom > bottom || taken.some((other) => meet(box, other))) continue;
      taken.push(box);
      return [svg("text", { class: "weight", x: box.left, y: top + down }, weight)];
    }
    return [];
  });
}
