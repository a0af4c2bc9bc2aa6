/** What Clusters shows beyond the cursor, as its address says it: how the film is drawn, what part of it, and what is selected. */

import { Asked, decimalOf, parametersOf } from "../engine/address.js";
import { pointsOf, pointsText } from "./address-points.js";

/** @import { Kind } from "../engine/film.js" */
/** @import { Parameters } from "../engine/address.js" */
/** @import { SceneView } from "./camera.js" */
/** @import { SceneOptions } from "./scene.js" */

/**
 * What a person chose. Not every film has each kind of layout and each colour: it stays chosen all the same.
 * @typedef {SceneOptions & {kind: Kind, colour: string, speed: number}} Settings colour: "class" or a name that
 *   `Film.values` knows
 */

/**
 * What the page remembers; run: the key of the one whose classes and points are meant; hidden: classes; views: by map, none
 * where the whole film is shown; selected: points of the first film, ascending.
 * @typedef {{settings: Settings, run?: string, hidden: number[], views: (SceneView|null)[], selected: number[]}} Memory
 */

/** @type {Readonly<Settings>} */
export const DEFAULTS = {
  kind: "umap",
  colour: "class",
  speed: 1,
  numerals: true,
  images: true,
  trails: false,
  dim: false,
};

/** @type {(keyof SceneOptions)[]} */
export const TOGGLES = ["numerals", "images", "trails", "dim"];
/** @type {readonly Kind[]} */
const LAYOUTS = ["umap", "independent", "pca_last", "pca_each"];
const SPEEDS = ["0.5", "1", "2", "4"];
const MOST_HIDDEN = 1000;
const MOST_SELECTED = 860; // characters
const BEYOND = 100; // no view's middle lies farther out

/** @param {Memory} memory @returns {Parameters} */
export function toAddress({ settings, hidden, views, selected }) {
  const { kind, colour, speed } = settings;
  const marks = TOGGLES.filter((name) => settings[name]).join("_") || "none";
  const points = selected.length ? pointsText(selected) : "";
  return parametersOf({
    layout: kind === DEFAULTS.kind ? null : kind,
    colour: colour === DEFAULTS.colour || !/^[\w.-]{1,40}$/.test(colour) ? null : colour,
    speed: speed === DEFAULTS.speed ? null : speed,
    marks: marks === "numerals_images" ? null : marks,
    hidden: hidden.length ? hidden.toSorted((one, other) => one - other).join("_") : null,
    view: viewText(views[0]),
    view2: viewText(views[1]),
    selected: points && points.length <= MOST_SELECTED ? points : null,
  });
}

/** @param {SceneView|null|undefined} view */
const viewText = (view) => (view && view.scale > 1 ? [view.x, view.y, view.scale].join("_") : null);

/** @param {Parameters} parameters @returns {{memory: Memory, problems: string[]}} */
export function fromAddress(parameters) {
  const asked = new Asked(parameters);
  const colour = asked.read("colour", "the colours", "a name", (text) => (/^[\w.-]{1,40}$/.test(text) ? text : null));
  const marks = asked.read("marks", "what is drawn", `some of ${TOGGLES.join(", ")}`, marksOf);
  const drawn = marks ?? TOGGLES.filter((name) => DEFAULTS[name]);
  const view = "a place and an enlargement";
  const memory = {
    settings: {
      kind: asked.choice("layout", "the layout", LAYOUTS) ?? DEFAULTS.kind,
      colour: colour ?? DEFAULTS.colour,
      speed: Number(asked.choice("speed", "the speed", SPEEDS) ?? DEFAULTS.speed),
      numerals: drawn.includes("numerals"),
      images: drawn.includes("images"),
      trails: drawn.includes("trails"),
      dim: drawn.includes("dim"),
    },
    hidden: asked.read("hidden", "the classes that are hidden", "a list of classes", classesOf) ?? [],
    views: ["view", "view2"].map((name) => asked.read(name, "the part of the film", view, viewOf) ?? null),
    selected: asked.read("selected", "the selection", "a list of points", pointsOf) ?? [],
  };
  return { memory, problems: asked.problems };
}

/** @param {string} text */
function marksOf(text) {
  const names = text === "none" ? [] : text.split("_");
  return names.every((name) => TOGGLES.some((each) => each === name)) ? names : null;
}

/** @param {string} text */
function classesOf(text) {
  const classes = /^\d{1,4}(_\d{1,4})*$/.test(text) ? text.split("_").map(Number) : [];
  return classes.length && classes.length <= MOST_HIDDEN ? [...new Set(classes)] : null;
}

/** @param {string} text @returns {SceneView|null} */
function viewOf(text) {
  const [x, y, scale, ...more] = text.split("_", 4).map(decimalOf);
  const fits = more.length === 0 && Math.abs(x) <= BEYOND && Math.abs(y) <= BEYOND && scale >= 1 && scale <= BEYOND;
  return fits ? { x, y, scale } : null;
}
