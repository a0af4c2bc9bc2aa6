/** The figures in words: what each asks, and what its ends would mean. */

/** @import { EpochFigures, Figure, Reason, Value } from "../shared/meanings.js" */

/**
 * A row of the table: `share` where the figure lies between 0 and 1.
 * @typedef {{name: string, title: string, asks: string, figure: Figure, unit: string, share: boolean}} Row
 * @typedef {{title: string, rows: Row[], reason: string, note?: string}} Group
 */

/** @type {Record<string, [string, string]>} title, and what it asks */
const SCORES = {
  mig: [
    "MIG",
    "Is a factor told by one dimension alone? How much more the best dimension tells than the next, as a share of what there is to tell. 0: two tell it equally well; 1: one tells all of it, and no other anything.",
  ],
  sap: [
    "SAP",
    "The same, asked with straight lines: how much better the best single dimension predicts a factor than the next. 0: two predict it equally well; 1: one does perfectly, and no other at all.",
  ],
  disentanglement: [
    "DCI disentanglement",
    "Does a dimension serve one factor alone? 0: each serves all of them alike; 1: each serves a single one.",
  ],
  completeness: [
    "DCI completeness",
    "Is a factor served by one dimension alone? 0: all dimensions serve it alike; 1: a single one does.",
  ],
  informativeness: [
    "DCI informativeness",
    "Can the factors be read off the code at all, with decision trees? 0: no better than by guessing; 1: perfectly.",
  ],
  modularity: [
    "InfoMEC modularity",
    "Does a dimension tell of one factor alone? 0: each tells as much of all; 1: each of a single one.",
  ],
  compactness: [
    "InfoMEC compactness",
    "Is a factor told by one dimension alone? 0: all dimensions tell it alike; 1: a single one tells it.",
  ],
  explicitness: [
    "InfoMEC explicitness",
    "Can the factors be read off the code with straight lines? 0: no better than by guessing; 1: perfectly.",
  ],
  factor_vae: [
    "FactorVAE score",
    "Among images that share a factor, does the dimension that varies least tell which factor it is? Guessing gets one over the number of factors; 1: always.",
  ],
  beta_vae: [
    "β-VAE score",
    "From how much pairs that share a factor differ in each dimension, can a linear classifier tell which factor it is? Guessing gets one over the number of factors; 1: always.",
  ],
};

/** @type {Record<string, [string, string]>} */
const REPRESENTATION = {
  neighbours: [
    "Accuracy of 15 neighbours",
    "Are images of one class near each other in latent space? 0: never the right class; 1: always.",
  ],
  linear: [
    "Accuracy of a linear classifier",
    "Can the class be read off the code with straight lines? 0: never the right class; 1: always.",
  ],
};

/** @type {Record<string, [string, string]>} */
const GENERATION = {
  frechet: [
    "Fréchet distance of samples",
    "How far what is decoded from noise is from real images, in the features of a small classifier. 0: as if drawn from the same; there is no largest.",
  ],
  frechet_floor: [
    "Fréchet distance, train to test",
    "The same between real training and test images: no model can be expected to come below.",
  ],
  sure: [
    "Share of sure samples",
    "Of how many decoded samples a classifier is at least 90 % sure. 0: of none; 1: of all, as of real images.",
  ],
};

/** @param {object|undefined} part @returns {string} why there is nothing of it, "" where there is something */
export const reasonOf = (part) => (part && "reason" in part ? String(part.reason) : "");

/** @param {Figure|undefined} figure @returns {figure is Value} */
export const isValue = (figure) => figure !== undefined && "value" in figure;

/**
 * @param {Partial<Record<string, unknown>>|Reason|undefined} part @param {Record<string, [string, string]>} words
 * @param {string} title @param {(name: string) => boolean} share
 * @returns {Group}
 */
function groupOf(part, words, title, share) {
  const figures = /** @type {Record<string, Figure>} */ (part ?? {});
  const names = Object.keys(words).filter((name) => figures[name] && !reasonOf(part));
  const rows = names.map((name) => {
    const [shown, asks] = words[name];
    return { name, title: shown, asks, figure: figures[name], unit: "", share: share(name) };
  });
  return { title, rows, reason: reasonOf(part) };
}

/** Who judged the samples, since another would find other figures. @param {EpochFigures} record */
function judgeOf({ generation }) {
  const judge = generation && "classifier" in generation ? generation.classifier : undefined;
  if (!judge?.name) return "";
  const hash = judge.hash ? `, weights ${judge.hash}` : "";
  const accuracy =
    judge.accuracy === undefined ? "" : `, right of ${(100 * judge.accuracy).toFixed(1)} % of test images`;
  return `By the ${judge.name}${hash}${accuracy}. Distances by another are not to be compared with these.`;
}

/** All figures of an epoch, in the order in which they are read. @param {EpochFigures} record @returns {Group[]} */
export function groupsOf(record) {
  const likelihood = (record.likelihood ?? []).map((figure) => {
    const samples = isValue(figure) ? (figure.samples ?? 1) : 1;
    const many = samples === 1 ? "1 sample: the ELBO" : `${samples.toLocaleString("en")} samples`;
    const asks =
      samples === 1
        ? "A number that log p(x), how probable the model finds an image, is never below; larger is better."
        : "The same with more samples of the posterior, which brings it nearer to log p(x).";
    return { name: `bound_${samples}`, title: `Bound, ${many}`, asks, figure, unit: "nats", share: false };
  });
  const groups = [
    groupOf(record.scores, SCORES, "Disentanglement", () => true),
    { title: "Likelihood of binarised images", rows: likelihood, reason: "" },
    groupOf(record.representation, REPRESENTATION, "What the code tells of the class", () => true),
    { ...groupOf(record.generation, GENERATION, "Samples", (name) => name === "sure"), note: judgeOf(record) },
  ];
  return groups.filter(({ rows, reason }) => rows.length > 0 || reason);
}
