/** Formulas: as much of TeX as the objective takes, as MathML, which a browser draws by itself. */

const MATHML = "http://www.w3.org/1998/Math/MathML";

/** @type {Record<string, [tag: string, text: string]>} commands without an argument */
const SIGNS = {
  beta: ["mi", "β"],
  gamma: ["mi", "γ"],
  cdot: ["mo", "·"],
  mid: ["mo", "|"],
  "|": ["mo", "‖"],
};
/** @type {Record<string, string>} letters of other alphabets, by what TeX calls them */
const LETTERS = { "mathcal L": "ℒ", "mathcal N": "𝒩", "mathbb E": "𝔼" };
const FENCES = ["bigl", "bigr"];
const TOKEN = /\\([a-z]+|[|,])\s*|[{}_^]|\d+|[^\s\\{}_^]/gi;

/** @param {string} tag @param {string|Node[]} content @param {Record<string, string>} [attributes] */
function node(tag, content, attributes = {}) {
  const made = document.createElementNS(MATHML, tag);
  if (typeof content === "string") made.textContent = content;
  else made.append(...content);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

class Reader {
  /** @param {string} tex */
  constructor(tex) {
    this.tokens = Array.from(tex.matchAll(TOKEN), ([whole, command]) => (command ? `\\${command}` : whole));
    this.at = 0;
  }

  /** @returns {Node[]} up to the end, or to the brace that closes */
  all() {
    /** @type {Node[]} */
    const found = [];
    while (this.at < this.tokens.length && this.tokens[this.at] !== "}") found.push(this.scripted());
    this.at++;
    return found;
  }

  /** @returns {Node} an atom with what stands below or above it */
  scripted() {
    const under = this.tokens[this.at] === "\\underbrace";
    let base = this.atom();
    while (this.tokens[this.at] === "_" || this.tokens[this.at] === "^") {
      const low = this.tokens[this.at++] === "_";
      base = node(under && low ? "munder" : low ? "msub" : "msup", [base, this.atom()]);
    }
    return base;
  }

  /** @returns {Node} */
  atom() {
    const token = this.tokens[this.at++] ?? "";
    if (token === "{") return node("mrow", this.all());
    if (!token.startsWith("\\")) return this.sign(token);
    const name = token.slice(1);
    if (name === "underbrace") return node("mrow", [this.atom()], { class: "brace" }); // a line: few fonts have a long brace
    if (FENCES.includes(name)) return this.fence();
    if (name === "text" || name.startsWith("math")) return this.worded(name);
    if (name === "log") return node("mrow", [node("mi", "log"), this.space()]);
    if (name === ",") return this.space();
    const [tag, text] = SIGNS[name] ?? ["mtext", token];
    return node(tag, text);
  }

  space() {
    return node("mspace", "", { width: "0.17em" });
  }

  /** A bracket, which TeX would make a little larger. */
  fence() {
    const token = this.tokens[this.at++] ?? "";
    return node("mo", token === "\\|" ? "‖" : token, { stretchy: "false" });
  }

  /** What a command writes of the letters in its braces. @param {string} name */
  worded(name) {
    this.at++; // the brace
    let text = "";
    for (; this.at < this.tokens.length && this.tokens[this.at] !== "}"; this.at++) text += this.tokens[this.at];
    this.at++;
    if (name === "text") return node("mtext", text);
    return node("mi", LETTERS[`${name} ${text}`] ?? text, { mathvariant: "normal" });
  }

  /** @param {string} token */
  sign(token) {
    if (/\d/.test(token)) return node("mn", token);
    if (/\p{L}/u.test(token)) return node("mi", token);
    return node("mo", token === "-" ? "−" : token, /[()|]/.test(token) ? { stretchy: "false" } : {});
  }
}

/** @param {string} tex */
export function formula(tex) {
  return node("math", [node("mrow", new Reader(tex).all())], { displaystyle: "true" });
}
