/** Groups of radio buttons. */

/** @param {ParentNode} root @param {string} group @returns {NodeListOf<HTMLInputElement>} */
export const radiosOf = (root, group) => root.querySelectorAll(`[type=radio][name=${group}]`);

/** Have the one with a value be the chosen one, or none if none has it. @param {ParentNode} root @param {string} group @param {string|number} value */
export function chooseRadio(root, group, value) {
  for (const radio of radiosOf(root, group)) radio.checked = radio.value === String(value);
}
