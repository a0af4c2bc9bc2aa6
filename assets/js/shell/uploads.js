/**
 * Says in a sentence why the server did not take a file. Streamlit shows a red mark, and what a browser calls the answer
 * at the pointer.
 */

import { finder } from "../shared/elements.js";

const REFUSED = "status code 413";
const SENTENCE =
  "The server has no room for this file: it holds too many others. Remove one that you brought before, or wait a minute, " +
  "and choose it again.";

/** @param {{parentElement: HTMLElement}} mount */
export default function uploads({ parentElement }) {
  const said = finder(parentElement)(".upload-problem");
  const page = finder(document)("[data-testid=stMain]");
  const look = () => {
    const marks = [...page.querySelectorAll("[data-testid=stFileUploader] [role=alert]")];
    const text = marks.some((mark) => mark.textContent.includes(REFUSED)) ? SENTENCE : "";
    if (said.textContent !== text) said.textContent = text;
  };
  const observer = new MutationObserver(look);
  observer.observe(page, { childList: true, subtree: true, characterData: true });
  look();
  return () => observer.disconnect();
}
