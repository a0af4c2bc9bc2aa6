/** How wide strokes are, and strokes made wider or thinner. No DOM. */

/**
 * The median width of strokes: twice the distance to their outline, along their middle line.
 * @param {Float32Array} inside the distance from the pixels of a stroke to the nearest that is none
 * @param {number} width @param {number} height
 */
export function strokeWidth(inside, width, height) {
  const found = [];
  for (let y = 1; y < height - 1; y++) {
    for (let at = y * width + 1; at < (y + 1) * width - 1; at++) {
      const value = inside[at];
      if (value === 0) continue;
      const ridges =
        Number(value >= inside[at - 1] && value >= inside[at + 1]) +
        Number(value >= inside[at - width] && value >= inside[at + width]) +
        Number(value >= inside[at - width - 1] && value >= inside[at + width + 1]) +
        Number(value >= inside[at - width + 1] && value >= inside[at + width - 1]);
      if (ridges >= 3) found.push(value);
    }
  }
  return found.length ? 2 * found.sort((a, b) => a - b)[found.length >> 1] - 1 : 0;
}

/**
 * Strokes whose outline lies elsewhere.
 * @param {Uint8Array} ink @param {Float32Array} inside see `strokeWidth`
 * @param {number} width @param {number} height @param {number} more pixels further out, or further in where it is negative
 */
export function rewidened(ink, inside, width, height, more) {
  // Between the centres of two pixels the outline lies where half ink would be; half a pixel is near enough.
  const outside = more > 0 ? distances(ink, width, height, true) : null;
  const out = new Uint8Array(ink.length);
  for (let at = 0; at < out.length; at++) {
    const far = inside[at] > 0 ? inside[at] - 0.5 : outside ? 0.5 - outside[at] : -1;
    out[at] = 255 * Math.max(0, Math.min(1, 0.5 + far + more));
  }
  return out;
}

const FAR = 1e9;

/**
 * From each pixel to the nearest of at least half ink, or of less, in pixels (Felzenszwalb and Huttenlocher, Distance Transforms of
 * Sampled Functions, 2012).
 * @param {Uint8Array} ink @param {number} width @param {number} height
 * @param {boolean} dark whether those of at least half ink are sought
 */
export function distances(ink, width, height, dark) {
  const squares = new Float32Array(ink.length);
  for (let at = 0; at < ink.length; at++) squares[at] = ink[at] >= 128 === dark ? 0 : FAR;
  const longest = Math.max(width, height);
  const line = new Float32Array(longest);
  const places = new Int32Array(longest);
  const bounds = new Float32Array(longest + 1);
  /** @param {number} start @param {number} step @param {number} count */
  const along = (start, step, count) => {
    for (let n = 0; n < count; n++) line[n] = squares[start + n * step];
    let last = 0;
    places[0] = 0;
    bounds[0] = -FAR;
    bounds[1] = FAR;
    for (let n = 1; n < count; n++) {
      let cross = 0;
      for (;;) {
        const place = places[last];
        cross = (line[n] + n * n - line[place] - place * place) / (2 * (n - place));
        if (cross > bounds[last] || last === 0) break;
        last--;
      }
      if (cross <= bounds[last]) last = -1;
      last++;
      places[last] = n;
      bounds[last] = last === 0 ? -FAR : cross;
      bounds[last + 1] = FAR;
    }
    for (let n = 0, piece = 0; n < count; n++) {
      while (bounds[piece + 1] < n) piece++;
      squares[start + n * step] = line[places[piece]] + (n - places[piece]) ** 2;
    }
  };
  for (let x = 0; x < width; x++) along(x, width, height);
  for (let y = 0; y < height; y++) along(y * width, 1, width);
  for (let at = 0; at < squares.length; at++) squares[at] = Math.sqrt(squares[at]);
  return squares;
}
