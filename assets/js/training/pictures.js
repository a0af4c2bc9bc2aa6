/** The newest pictures of a training. */

import { finder } from "../shared/elements.js";
import { explain } from "../shared/terms.js";

/**
 * Two mosaics as PNG in base64, see `_pictures` in pages/parts/figures.py.
 * @typedef {{epoch: number, labels: string[], reconstructions: string, samples: string}} TrainingPictures
 */

/**
 * @param {HTMLElement} root of the component @param {TrainingPictures} [pictures] none of a run that has none yet
 * @param {string} [problem] why there are none, in a sentence
 */
export function showPictures(root, pictures, problem) {
  const find = finder(root);
  find(".pictures").style.visibility = pictures ? "" : "hidden";
  find(".problem").hidden = !problem;
  find(".problem").textContent = problem ?? "";
  if (!pictures) return;
  const { epoch } = pictures;
  /** @param {"reconstructions"|"samples"} name @param {string} caption @param {string} said @param {string} alt */
  const show = (name, caption, said, alt) => {
    const image = find(`.${name}`, HTMLImageElement);
    const source = `data:image/png;base64,${pictures[name]}`;
    if (image.src !== source) image.src = source;
    image.alt = alt;
    explain(find(said), caption);
  };
  const labels = pictures.labels.join(", ");
  show(
    "reconstructions",
    `Test images, and below them their reconstructions at epoch ${epoch}`,
    ".said",
    `Eight test images (${labels}) above the images that the network makes of their codes' means at epoch ${epoch}.`,
  );
  show(
    "samples",
    `Decoded noise: the same 16 codes from [N(0, I)](#normal) at epoch ${epoch}`,
    ".said-samples",
    `Sixteen images decoded from random codes, which stay the same over the epochs, at epoch ${epoch}.`,
  );
}
