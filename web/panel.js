// @ts-check
// The pages are whole without this. It keeps them true while they are open: parts that changed are fetched again.
import { follow } from "./live.js";
import { tellTimes } from "./time.js";
import { watchRack } from "./rack.js";

/** Puts fresh HTML into a part, keeping what a person opened and where the keyboard is.
 * @param {Element} part @param {string} html */
function swap(part, html) {
  const open = [...part.querySelectorAll("details[open]")].map((d) => d.id);
  const active = document.activeElement;
  const place = active && part.contains(active) ? active.closest("[id]")?.id ?? active.getAttribute("href") : null;
  part.innerHTML = html;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (place) {
    const back = document.getElementById(place) ?? part.querySelector(`[href="${CSS.escape(place)}"]`);
    /** @type {Element | null} */
    const target = back?.querySelector("summary") ?? back;
    if (target instanceof HTMLElement || target instanceof SVGElement) target.focus({ preventScroll: true });
  }
  tellTimes(part);
  watchRack();
}

/** Fetches every part that this page shows; unchanged ones cost an empty reply each. */
async function refresh() {
  const parts = [...document.querySelectorAll("[data-part]")];
  await Promise.all(parts.map(async (part) => {
    const reply = await fetch(`/part/${part.getAttribute("data-part")}`);
    if (!reply.ok) return;
    const html = await reply.text();
    if (part.getAttribute("data-etag") === reply.headers.get("etag")) return;
    part.setAttribute("data-etag", reply.headers.get("etag") ?? "");
    swap(part, html);
  }));
}

tellTimes(document);
watchRack();
follow(document.getElementById("live"), refresh);
