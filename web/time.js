// @ts-check

const STEPS = /** @type {const} */ ([[60, "s"], [3600, "min"], [86400, "h"], [Infinity, "d"]]);

/** @param {number} seconds */
function ago(seconds) {
  let unit = 1;
  for (const [limit, name] of STEPS) {
    if (seconds < limit) return `${Math.floor(seconds / unit)} ${name}`;
    unit = limit;
  }
  return "";
}

/** Writes times as how long ago they were; the exact one stays as a tooltip.
 * @param {ParentNode} root */
export function tellTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = Date.parse(time.getAttribute("datetime") ?? "");
    if (Number.isNaN(at)) continue;
    if (!time.hasAttribute("title")) time.setAttribute("title", time.textContent ?? "");
    const text = ago(Math.max(0, (Date.now() - at) / 1000));
    if (time.textContent !== text) time.textContent = text;
  }
}

window.setInterval(() => tellTimes(document), 10000);
