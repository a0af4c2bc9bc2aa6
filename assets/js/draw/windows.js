/** Windows that slide over a picture's greys, and what is counted of greys. No DOM. */

export const SPECTRUM_SIDE = 160; // pixels of the longer side at most, where the sizes of things are looked at

/**
 * @typedef {{source: Uint8Array, width: number, height: number}} Greys always with these three and in this order: a browser compiles
 *   a function anew for every other form of object that it meets
 */

/**
 * The mean over a window of 2·radius + 1 pixels a side, as far as it lies in the picture.
 * @param {Float32Array} values @param {number} width @param {number} height @param {number} radius
 */
export function boxMean(values, width, height, radius) {
  const across = new Float32Array(values.length);
  for (let y = 0; y < height; y++) {
    const start = y * width;
    let sum = 0;
    for (let x = 0; x < Math.min(radius, width); x++) sum += values[start + x];
    for (let x = 0; x < width; x++) {
      if (x + radius < width) sum += values[start + x + radius];
      if (x > radius) sum -= values[start + x - radius - 1];
      across[start + x] = sum / (Math.min(width - 1, x + radius) - Math.max(0, x - radius) + 1);
    }
  }
  // Down the rows all columns at once, which is how they lie in memory.
  const out = new Float32Array(values.length);
  const sums = new Float64Array(width);
  for (let at = 0; at < Math.min(radius, height) * width; at++) sums[at % width] += across[at];
  for (let y = 0; y < height; y++) {
    const share = 1 / (Math.min(height - 1, y + radius) - Math.max(0, y - radius) + 1);
    const entering = y + radius < height ? (y + radius) * width : -1;
    const leaving = y > radius ? (y - radius - 1) * width : -1;
    for (let x = 0; x < width; x++) {
      if (entering >= 0) sums[x] += across[entering + x];
      if (leaving >= 0) sums[x] -= across[leaving + x];
      out[y * width + x] = sums[x] * share;
    }
  }
  return out;
}

/**
 * The greatest value in a window, by van Herk's two running maxima: as fast for a large window as for a small one.
 * @param {Uint8Array} values @param {number} width @param {number} height @param {number} radius
 * @param {number} [flip] 255 for the least value instead
 * @param {boolean} [across] along rows too; else up and down only
 */
export function dilated(values, width, height, radius, flip = 0, across = true) {
  const level = across ? dilatedRows(values, width, height, radius, flip) : values;
  const size = 2 * radius + 1;
  const out = new Uint8Array(values.length);
  // All columns at once, which is how they lie in memory: of each block of rows the maxima from a row to the block's end, and
  // with these, row by row, the maxima from the next block's begin.
  const back = new Uint8Array(size * width);
  const forth = new Uint8Array(width);
  for (let block = -radius; block < height - radius; block += size) {
    back.fill(0, (size - 1) * width);
    for (let n = size - 1; n >= 0; n--) {
      const start = n * width;
      const below = n < size - 1 ? start + width : start;
      const from = (block + n) * width;
      if (block + n < 0 || block + n >= height) back.copyWithin(start, below, below + width);
      else {
        for (let x = 0; x < width; x++) {
          const value = level[from + x] ^ flip;
          let most = back[below + x];
          if (value > most) most = value;
          back[start + x] = most;
        }
      }
    }
    forth.fill(0);
    for (let n = 0; n < size && block + n + radius < height; n++) {
      const [to, start, from] = [(block + n + radius) * width, n * width, (block + n + size - 1) * width];
      const enters = n > 0 && from < level.length;
      for (let x = 0; x < width; x++) {
        let most = forth[x];
        if (enters) {
          const value = level[from + x] ^ flip;
          if (value > most) forth[x] = most = value;
        }
        const other = back[start + x];
        if (other > most) most = other;
        out[to + x] = most ^ flip;
      }
    }
  }
  return out;
}

/**
 * The same along rows only.
 * @param {Uint8Array} values @param {number} width @param {number} height @param {number} radius @param {number} flip
 */
export function dilatedRows(values, width, height, radius, flip) {
  const size = 2 * radius + 1;
  const padded = Math.ceil((width + 2 * radius) / size) * size;
  const line = new Uint8Array(padded);
  const back = new Uint8Array(padded);
  const out = new Uint8Array(values.length);
  for (let y = 0; y < height; y++) {
    const start = y * width;
    for (let x = 0; x < width; x++) line[x + radius] = values[start + x] ^ flip;
    for (let block = 0; block < padded; block += size) {
      let most = 0;
      for (let n = block + size - 1; n >= block; n--) {
        if (line[n] > most) most = line[n];
        back[n] = most;
      }
    }
    for (let block = 0; block < width; block += size) {
      let most = 0;
      out[start + block] = back[block] ^ flip;
      const end = Math.min(width, block + size);
      for (let x = block + 1; x < end; x++) {
        const entering = line[x + size - 1];
        if (entering > most) most = entering;
        let either = most;
        if (back[x] > most) either = back[x];
        out[start + x] = either ^ flip;
      }
    }
  }
  return out;
}

/**
 * What is darker than its surroundings and narrower than a window is filled; with `flip`, what is lighter is cut off.
 * @param {Uint8Array} values @param {number} width @param {number} height @param {number} radius
 * @param {number} [flip] @param {boolean} [across] as of `dilated`
 */
export const closed = (values, width, height, radius, flip = 0, across = true) =>
  dilated(dilated(values, width, height, radius, flip, across), width, height, radius, 255 - flip, across);

/**
 * The same with windows that reach over the picture's edge: what grows darker up to the edge is not filled.
 * @param {Uint8Array} values @param {number} width @param {number} height @param {number} radius
 */
export function closedOverEdge(values, width, height, radius) {
  const columns = width + 2 * radius;
  const padded = new Uint8Array(columns * (height + 2 * radius));
  for (let y = 0; y < height; y++)
    padded.set(values.subarray(y * width, (y + 1) * width), (y + radius) * columns + radius);
  const filled = closed(padded, columns, height + 2 * radius, radius);
  const out = new Uint8Array(values.length);
  for (let y = 0; y < height; y++) {
    const start = (y + radius) * columns + radius;
    out.set(filled.subarray(start, start + width), y * width);
  }
  return out;
}

/** @param {Uint8Array} values */
export const negative = (values) => {
  const out = new Uint8Array(values.length);
  for (let at = 0; at < values.length; at++) out[at] = 255 - values[at];
  return out;
};

/** The median of each pixel and its eight neighbours: single pixels of another grey go, edges stay. @param {Greys} picture */
export function medians({ source, width, height }) {
  const out = source.slice();
  const nine = new Uint8Array(9);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      for (let n = 0, row = at - width - 1; n < 9; row += width)
        for (let c = 0; c < 3; c++) nine[n++] = source[row + c];
      out[at] = nine.sort()[4];
    }
  }
  return { source: out, width, height };
}

/** Half as large as often as it takes, each pixel the mean of four. @param {Greys} picture @returns {Greys} */
export function reduced(picture) {
  let { source, width, height } = picture;
  while (Math.max(width, height) > SPECTRUM_SIDE && Math.min(width, height) > 1) {
    const columns = width >> 1;
    const rows = height >> 1;
    const out = new Uint8Array(columns * rows);
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        const at = 2 * y * width + 2 * x;
        out[y * columns + x] = (source[at] + source[at + 1] + source[at + width] + source[at + width + 1] + 2) >> 2;
      }
    }
    [source, width, height] = [out, columns, rows];
  }
  return { source, width, height };
}

// Two of one kind each, and none for both: a loop that meets arrays of several kinds is compiled to several times slower code.

/** The grey below which a share of the greys lies. @param {Uint8Array} greys @param {number} share */
export function greyQuantile(greys, share) {
  const counts = countsOf(greys);
  let left = share * greys.length;
  for (let grey = 0; grey < 256; grey++) {
    left -= counts[grey];
    if (left < 0) return grey;
  }
  return 0;
}

/** How many pixels have each of the 256 greys. @param {Uint8Array} greys */
export function countsOf(greys) {
  const counts = new Uint32Array(256);
  for (let at = 0; at < greys.length; at++) counts[greys[at]]++;
  return counts;
}

/**
 * The value below which a share of the first values lies, to a thousandth of the greatest.
 * @param {Float32Array} values from 0 @param {number} share @param {number} [count] of the first values
 */
export function quantile(values, share, count = values.length) {
  let high = 0;
  for (let at = 0; at < count; at++) if (values[at] > high) high = values[at];
  if (!high) return 0;
  const counts = new Uint32Array(1025);
  const scale = 1024 / high;
  for (let at = 0; at < count; at++) counts[values[at] > 0 ? (values[at] * scale) | 0 : 0]++;
  let left = share * count;
  for (let bin = 0; bin < counts.length; bin++) {
    left -= counts[bin];
    if (left < 0) return bin / scale;
  }
  return high;
}

/** @param {number[]|Uint32Array} values @returns {number} 0 where there are none */
export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
