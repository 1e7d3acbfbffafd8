// @ts-check
// The drawing works by links and :target alone. This adds arrow keys, Escape, and the highlight of a device's cables.

/** @returns {SVGAElement[]} */
const slots = () => [...document.querySelectorAll("svg.rack a.slot")].map((a) => /** @type {SVGAElement} */ (a));

/** Shows the cables of one device, or of all.
 * @param {string} name */
function highlight(name) {
  for (const cable of document.querySelectorAll(".cable")) {
    const mine = cable.getAttribute("data-a") === name || cable.getAttribute("data-b") === name;
    cable.classList.toggle("dim", name !== "" && !mine);
  }
  for (const slot of slots()) slot.classList.toggle("chosen", slot.dataset.name === name);
}

const chosen = () => decodeURIComponent(location.hash.replace(/^#device-/, ""));

/** @param {KeyboardEvent} event */
function onKey(event) {
  const all = slots();
  const at = all.findIndex((a) => a === document.activeElement);
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (event.key === "Escape" && location.hash.startsWith("#device-")) {
    history.replaceState(null, "", "#rack");
    location.hash = "rack";
    onHash(); // an address that is there already tells nobody
    all.find((a) => a.classList.contains("chosen"))?.focus();
  } else if (step && at >= 0) {
    event.preventDefault();
    const byHeight = all.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top);
    const now = byHeight.findIndex((a) => a === document.activeElement);
    byHeight[(now + step + byHeight.length) % byHeight.length]?.focus({ preventScroll: true });
  }
}

/** Shows the device that the address names. A browser forgets its :target when a live update replaces the element, so
 * the class says it again. */
function onHash() {
  const name = location.hash.startsWith("#device-") ? chosen() : "";
  highlight(name);
  for (const device of document.querySelectorAll(".device")) device.classList.toggle("open", device.id === `device-${name}`);
}

/** Choosing a device does not move the page where the drawing and the details stand side by side.
 * @param {MouseEvent} event */
function onClick(event) {
  const link = event.target instanceof Element ? event.target.closest(".rack-view a[href^='#device-']") : null;
  if (!link || !matchMedia("(min-width: 62rem)").matches) return;
  const top = window.scrollY;
  window.setTimeout(() => window.scrollTo({ top }), 0);
}

let started = false;
/** Marks the chosen device again after the drawing was replaced. */
export function watchRack() {
  if (!started && document.querySelector("svg.rack")) {
    started = true;
    document.addEventListener("keydown", onKey);
    document.addEventListener("click", onClick);
    window.addEventListener("hashchange", onHash);
  }
  onHash();
}
