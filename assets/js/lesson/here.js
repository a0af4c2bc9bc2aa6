/** The view that is on the page, as its address has it. */

const NO_VIEWS = ["lesson", "step", "embed", "embed_options"]; // what an address says of how a view is shown

/**
 * @param {string} pathname @param {string} search @param {string} hash of an exported page, which has its address there
 * @returns {{page: string, address: Record<string, string>}}
 */
export function viewAt(pathname, search, hash) {
  const [page, query] = hash ? hash.slice(1).split("?") : [pathname.split("/").at(-1), search];
  const address = Object.fromEntries(new URLSearchParams(query ?? ""));
  for (const name of NO_VIEWS) delete address[name];
  return { page: page && page !== "start" ? page : "home", address };
}

/** @returns {{page: string, address: Record<string, string>}} */
export const here = () => viewAt(location.pathname, location.search, "betaVaeSite" in globalThis ? location.hash : "");
