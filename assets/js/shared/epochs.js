/** Epochs in words. */

/** @import { About } from "../engine/run.js" */

/**
 * An epoch in words. Weights that came in without their training stand at epoch 0, which says nothing of them: they are
 * never called by it.
 * @param {Pick<About, "imported">} about a run or a film @param {number} epoch
 * @returns {{shown: string, remark: string, name: string, at: string}} its number, what is known of it besides, and how
 *   it is called alone and at the end of what is said of it
 */
export function epochWords(about, epoch) {
  if (epoch === 0 && about.imported)
    return { shown: "", remark: "trained elsewhere", name: "trained elsewhere", at: "" };
  const name = `epoch ${epoch}`;
  return { shown: String(epoch), remark: epoch === 0 ? "before any training" : "", name, at: ` at ${name}` };
}

/**
 * @param {Pick<About, "imported"|"epochs">} about a run or a film
 * @returns {string} why its epoch cannot be moved, "" if it can
 */
export function whyOneEpoch({ imported, epochs }) {
  if (epochs.length > 1) return "";
  if (imported) return "These weights came in without their training: there is no other epoch to move to.";
  return `The run has kept epoch ${epochs[0]} and no other to move to.`;
}
