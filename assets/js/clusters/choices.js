/** What can be chosen below the film: layout, colours, speed, and what is drawn. */

import { disable } from "../shared/disable.js";
import { finder, make } from "../shared/elements.js";
import { NOTICEABLE } from "./scene.js";
import { TOGGLES } from "./address.js";
import { MEASURES, MEASURE_NAMES } from "./words.js";

/** @import { Film, Kind } from "../engine/film.js" */
/** @import { Settings } from "./address.js" */

export class Choices {
  /** @param {HTMLElement} root @param {(changes: Partial<Settings>) => void} chosen */
  constructor(root, chosen) {
    const find = finder(root);
    this.kind = find("select.kind", HTMLSelectElement);
    this.colour = find("select.colour", HTMLSelectElement);
    this.speed = find(".speed select", HTMLSelectElement);
    this.toggles = TOGGLES.map((name) => ({ name, box: find(`[name=${name}]`, HTMLInputElement) }));
    this.dim = find("[name=dim]");
    this.dimmed = find("label.dim");
    this.kind.onchange = () => chosen({ kind: /** @type {Kind} */ (this.kind.value) });
    this.colour.onchange = () => chosen({ colour: this.colour.value });
    this.speed.onchange = () => chosen({ speed: Number(this.speed.value) });
    for (const { name, box } of this.toggles) box.onchange = () => chosen({ [name]: box.checked });
  }

  /** Offer what a film has. @param {Film} film */
  offer(film) {
    const kinds = Object.entries(film.about.layouts).map(([kind, { name }]) => {
      const there = film.kinds.has(/** @type {Kind} */ (kind));
      const option = make("option", "", there ? name : `${name}: not worked out yet`, { value: kind });
      option.disabled = !there; // its text says why
      return option;
    });
    this.kind.replaceChildren(...kinds);
    const measured = MEASURES.filter((name) => film.measured[name].count);
    const active = activeDimensions(film);
    const group = make("optgroup", "", "", { label: "A latent dimension" });
    group.append(...active.map((dimension) => make("option", "", `z${dimension}`, { value: `z${dimension}` })));
    const onImage = make("optgroup", "", "", { label: "Measured on the image" });
    onImage.append(...Array.from(film.factors.keys(), (name) => make("option", "", name, { value: name })));
    this.colour.replaceChildren(
      make("option", "", "class", { value: "class" }),
      ...measured.map((name) => make("option", "", MEASURE_NAMES[name].title, { value: name })),
      ...(film.factors.size ? [onImage] : []),
      ...(active.length ? [group] : []),
    );
    const frames = film.kinds.get("umap")?.frames ?? 0;
    const kept = film.values("kept", frames - 1);
    const [share, far] = [film.about.unchanged, NOTICEABLE].map((part) => `${Math.round(100 * part)} %`);
    this.dimmed.title =
      `Points that kept at least ${share} of their neighbours in latent space, ` +
      `and moved all the same by more than ${far} of the film's radius`;
    disable(this.dim, kept ? "" : "Which neighbours an image kept is not worked out yet: it comes with the film.");
  }

  /** Show what is chosen. @param {Settings} settings @param {Kind} kind that is shown @param {string} colour likewise */
  show(settings, kind, colour) {
    this.kind.value = kind;
    this.colour.value = colour;
    this.speed.value = String(settings.speed);
    for (const { name, box } of this.toggles) box.checked = settings[name];
  }

  /** @param {string} colour @returns {string} by what the points are coloured, where this film has not what was chosen */
  offered(colour) {
    return Array.from(this.colour.options).some(({ value }) => value === colour) ? colour : "class";
  }
}

/** @param {Film} film @returns {Kind} of layout, if it has what was chosen @param {Kind} wanted */
export function kindIn(film, wanted) {
  if (film.kinds.has(wanted)) return wanted;
  return film.kinds.has("umap") ? "umap" : "pca_last";
}

/** @param {Film} film @returns {number[]} the dimensions that carry something, those that carry most first */
export const activeDimensions = ({ about, latentDim }) => about.order.slice(0, latentDim - about.passive);

/**
 * What the colours say.
 * @param {Film} film @param {string} name "class" or what `film.values` knows
 * @returns {{title: string, note: string}}
 */
export function colourWords(film, name) {
  if (name === "class") return { title: "class", note: "" };
  const over = `${film.points.toLocaleString("en")} test images, the same range for the whole film.`;
  const notes = {
    kl: `[KL](#kl) of the image’s [posterior](#posterior) from the [prior](#prior), [nats](#nats); ${over}`,
    reconstruction: `[Reconstruction](#reconstruction), −log p(x|z), at the mean of the [posterior](#posterior), [nats](#nats); ${over}`,
    kept: "Share of its nearest codes that an image kept since the epoch before; the first epoch has none.",
  };
  const measure = MEASURES.find((each) => each === name);
  if (measure) return { title: MEASURE_NAMES[measure].title, note: notes[measure] };
  if (film.factors.has(name)) {
    const unit = film.about.units[name];
    return {
      title: name,
      note: `Measured on the pixels of each image${unit ? `, in ${unit}` : ""}: the same at every epoch.`,
    };
  }
  return { title: name, note: `Mean of the [posterior](#posterior) in dimension ${name}; ${over}` };
}
