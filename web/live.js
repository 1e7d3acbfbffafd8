// @ts-check

const PAUSE_MS = 400; // several changes at once are one refresh
const SLOW_MS = 30000; // without events, and for what no event tells

/** Calls `refresh` when the server says that something changed, and now and then.
 * @param {HTMLElement | null} mark where it says whether the page is live
 * @param {() => Promise<void>} refresh */
export function follow(mark, refresh) {
  let timer = 0;
  /** @param {string} text @param {string} state */
  const say = (text, state) => {
    if (!mark || mark.textContent === text) return;
    mark.textContent = text;
    mark.dataset.state = state;
  };
  const soon = () => {
    if (timer) return;
    timer = window.setTimeout(() => {
      timer = 0;
      refresh().catch(() => say("not reachable", "down"));
    }, PAUSE_MS);
  };
  const events = new EventSource("/api/v1/events");
  events.addEventListener("hello", () => {
    say("live", "up");
    soon();
  });
  events.addEventListener("change", soon);
  events.addEventListener("error", () => say("reconnecting", "degraded"));
  window.setInterval(() => {
    if (!document.hidden) soon();
  }, SLOW_MS);
}
