/** Which test images the Reconstruct page shows, as pages/parts/choice.py chooses them. No DOM. */

/** @typedef {ArrayLike<number>} Numbers */

const SHARED = 500; // a draw begins with so many probe images, those that a small probe set has too
const GOLDEN = 0x9e3779b97f4a7c15n;
const ALL_BITS = (1n << 64n) - 1n;

/** @param {Numbers} labels @param {number|null} label @returns {number[]} places of one class, or of all */
const membersOf = (labels, label) =>
  Array.from(labels, (each, place) => (label === null || each === label ? place : -1)).filter((place) => place >= 0);

/** A random number of 64 bits for a position: SplitMix64, mixed twice. @param {number} index @param {number} seed */
function lotOf(index, seed) {
  let lot = BigInt(seed);
  for (const step of [1n, BigInt.asUintN(64, BigInt(index))]) {
    lot = (lot + step * GOLDEN) & ALL_BITS;
    lot = ((lot ^ (lot >> 30n)) * 0xbf58476d1ce4e5b9n) & ALL_BITS;
    lot = ((lot ^ (lot >> 27n)) * 0x94d049bb133111ebn) & ALL_BITS;
    lot ^= lot >> 31n;
  }
  return lot;
}

/**
 * Places of images drawn at random without repetition: a seed draws the same images of every run that holds them.
 * @param {Numbers} labels @param {Numbers} indices positions in the test split @param {number} count @param {number} seed
 * @param {number|null} [label] the class that is drawn from
 * @returns {number[]} up to `count`
 */
export function drawn(labels, indices, count, seed, label = null) {
  const order = Array.from(indices, (_, place) => place).sort((a, b) => indices[a] - indices[b]);
  /** @type {Map<number, number>} */
  const seen = new Map();
  const turn = new Map(
    order.map((place) => {
      const before = seen.get(labels[place]) ?? 0;
      seen.set(labels[place], before + 1);
      return [place, before];
    }),
  );
  const at = (/** @type {number} */ place) => turn.get(place) ?? 0;
  const ranked = Array.from(indices, (_, place) => place).sort((a, b) => at(a) - at(b) || labels[a] - labels[b]);
  const later = new Set(ranked.slice(SHARED));
  const members = membersOf(labels, label).map((place) => ({ place, lot: lotOf(indices[place], seed) }));
  members.sort((a, b) => {
    const apart = Number(later.has(a.place)) - Number(later.has(b.place));
    return apart || (a.lot < b.lot ? -1 : a.lot > b.lot ? 1 : 0);
  });
  return members.slice(0, count).map(({ place }) => place);
}

/**
 * Places of the images with the highest values, or with the lowest if the best are asked for.
 * @param {Numbers} values @param {Numbers} labels @param {number} count @param {boolean} best @param {number|null} [label]
 */
export function ranked(values, labels, count, best, label = null) {
  const way = best ? 1 : -1;
  return membersOf(labels, label)
    .sort((a, b) => way * (values[a] - values[b]))
    .slice(0, count);
}
