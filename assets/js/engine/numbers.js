/** Numbers: as they are written, and at random. */

const LARGE = 1e5; // from here on a power of ten is shorter than the figures

/**
 * As bvae/numbers.py.
 * @param {number} value @param {number} [digits] behind the point
 * @returns {string} a number with a real minus sign, and no minus before a zero; a large one as "9.12 × 10⁸"
 */
export function number(value, digits = 2) {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= LARGE) {
    const [figures, power] = value.toExponential(2).split("e+");
    return `${figures.replace("-", "−")} × 10${Array.from(power, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("")}`;
  }
  return value
    .toFixed(digits)
    .replace(/^-(0\.?0*)$/, "$1")
    .replace("-", "−");
}

/** Numbers from N(0, 1), by Box and Muller's transform. @param {number} dimensions how many @returns {number[]} */
export function normalCode(dimensions) {
  return Array.from({ length: dimensions }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
    return Math.fround(radius * Math.cos(2 * Math.PI * Math.random()));
  });
}

/** Where in a list the number nearest to a value stands. @param {ArrayLike<number>} values @param {number} value */
export function nearestPlace(values, value) {
  let best = 0;
  for (let place = 1; place < values.length; place++) {
    if (Math.abs(values[place] - value) < Math.abs(values[best] - value)) best = place;
  }
  return best;
}
