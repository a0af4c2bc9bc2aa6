/** The colours of the notebook around: light or dark, as what lies behind an output is. */

import { make } from "../shared/elements.js";

/** @param {CanvasRenderingContext2D} pixel of a canvas that has one @param {string} colour in any form that CSS has */
function channels(pixel, colour) {
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = colour;
  pixel.fillRect(0, 0, 1, 1);
  return pixel.getImageData(0, 0, 1, 1).data;
}

/** @param {HTMLElement} element @returns {boolean} whether it lies on a dark ground */
function liesOnDark(element) {
  const pixel = make("canvas", "", "", { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  /** @type {Element|null} */
  let node = element.parentElement ?? hostOf(element);
  while (node && pixel) {
    const [red, green, blue, alpha] = channels(pixel, getComputedStyle(node).backgroundColor);
    if (alpha > 127) return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
    node = node.parentElement ?? hostOf(node);
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** @param {Element} element @returns {Element|null} */
function hostOf(element) {
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? root.host : null;
}

/**
 * Dress an output, and again whenever the notebook changes its colours.
 * @param {HTMLElement} element @returns {() => void} stops it
 */
export function dress(element) {
  const look = () => {
    element.dataset.theme = liesOnDark(element) ? "dark" : "light";
  };
  const observer = new MutationObserver(look);
  for (const node of [document.documentElement, document.body]) observer.observe(node, { attributes: true });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", look);
  element.classList.add("beta-vae");
  look();
  requestAnimationFrame(look); // it may not be in the page yet
  return () => {
    observer.disconnect();
    dark.removeEventListener("change", look);
  };
}
