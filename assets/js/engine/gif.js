/** Animated pictures as GIF89a. */

/**
 * A GIF89a of grey frames: 256 greys, looping.
 * @param {Uint8Array[]} frames width·height greys each @param {number} width @param {number} height
 * @param {number} delay hundredths of a second
 */
export function encodeGif(frames, width, height, delay) {
  const greys = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
  return [gifHead(width, height, greys), ...frames.map((frame) => gifFrame(frame, width, height, delay)), GIF_END];
}

export const GIF_END = Uint8Array.of(0x3b);

/** @param {number} value of sixteen bits */
const lowFirst = (value) => [value & 255, value >> 8];

/**
 * What a GIF89a that plays for ever begins with.
 * @param {number} width @param {number} height @param {Iterable<number>} colours 256 times red, green, blue
 */
export function gifHead(width, height, colours) {
  /** @param {string} characters */
  const text = (characters) => Array.from(characters, (character) => character.charCodeAt(0));
  const table = [0xf7, 0, 0, ...colours];
  const forever = [0x21, 0xff, 11, ...text("NETSCAPE2.0"), 3, 1, 0, 0, 0];
  return Uint8Array.from([...text("GIF89a"), ...lowFirst(width), ...lowFirst(height), ...table, ...forever]);
}

/**
 * One frame of a GIF.
 * @param {Uint8Array} places of the pixels' colours in the table @param {number} width @param {number} height
 * @param {number} delay hundredths of a second
 */
export function gifFrame(places, width, height, delay) {
  const shown = [0x21, 0xf9, 4, 0, ...lowFirst(delay), 0, 0];
  const head = [...shown, 0x2c, 0, 0, 0, 0, ...lowFirst(width), ...lowFirst(height), 0, 8];
  const packed = lempelZivWelch(places);
  const bytes = new Uint8Array(head.length + packed.length + Math.ceil(packed.length / 255) + 1);
  bytes.set(head);
  let to = head.length;
  for (let from = 0; from < packed.length; from += 255) {
    const block = packed.subarray(from, from + 255);
    bytes[to++] = block.length;
    bytes.set(block, to);
    to += block.length;
  }
  return bytes; // its last byte, 0, ends the frame
}

/** GIF's compression of bytes: codes of 9 to 12 bits, the table begun anew when it is full. @param {Uint8Array} values */
function lempelZivWelch(values) {
  const CLEAR = 256;
  const END = 257;
  const FULL = 4096;
  const out = new Uint8Array(Math.ceil(values.length * 1.5) + 16); // 12 bits a value at the worst
  let written = 0;
  let buffer = 0;
  let filled = 0;
  let size = 9;
  /** @param {number} code */
  const emit = (code) => {
    buffer |= code << filled;
    filled += size;
    for (; filled >= 8; filled -= 8, buffer >>= 8) out[written++] = buffer & 255;
  };
  const table = new Uint32Array(FULL << 8); // by prefix and value, the code and before it which table's, so that none is cleared
  let current = FULL;
  let next = END + 1;
  emit(CLEAR);
  let prefix = values[0];
  for (let i = 1; i < values.length; i++) {
    const key = (prefix << 8) | values[i];
    const known = table[key];
    if (known >= current) {
      prefix = known - current;
      continue;
    }
    emit(prefix);
    if (next < FULL) {
      if (next === 1 << size) size++;
      table[key] = current + next++;
    } else {
      emit(CLEAR);
      current += FULL;
      next = END + 1;
      size = 9;
    }
    prefix = values[i];
  }
  emit(prefix);
  if (next === 1 << size && size < 12) size++;
  emit(END);
  if (filled > 0) out[written++] = buffer & 255;
  return out.subarray(0, written);
}
