/** Tables as CSV. Names of classes and runs come from files, and a spreadsheet takes what begins as a formula for one. */

const FORMULA = /^[=+\-@\t\r\n]/;

/**
 * A value as one cell: a number as it is, nothing for null, and a text that a spreadsheet would compute behind a quote.
 * @param {string|number|null} value
 */
function csvCell(value) {
  if (typeof value !== "string") return value ?? "";
  const number = value.trim() !== "" && Number.isFinite(Number(value));
  const text = FORMULA.test(value) && !number ? `'${value}` : value;
  return text !== value || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One row, with the end of its line. @param {(string|number|null)[]} cells */
export const csvRow = (cells) => `${cells.map(csvCell).join(",")}\n`;
