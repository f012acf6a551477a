/* The live stream: what happens in one's sight is on the page within two seconds. Without it every page asks by itself.
 *
 *   body[data-stream]     the address of the stream; none: pages ask as often as they always did
 *   body[data-since]      when the page was made, in milliseconds: what happened after it is heard of
 *   [data-hears]          gets the event "live" when something happened that concerns it:
 *                           "any"           whatever one may see
 *                           "unit A B"      what a unit holds, held, or has an order for
 *                           "incident 12"   one incident
 *   data-gap              beside it: not oftener than every so many milliseconds
 *   [data-live-note]      says whether the stream stands; body gets is-live
 *
 * A page hears at most once a second, and less often where its answers take long. While the stream stands, what an
 * HTMX element asks by its own clock ("every 20s") is left out for a minute after the last answer. A page that nobody
 * looks at holds no stream and catches up when somebody does.
 */
(function () {
  "use strict";
  const GAP = 1000;
  const JITTER = 250;
  const FLOOR = 60000;
  const HIDDEN = 20000;
  const AGAIN = [5000, 15000, 60000, 300000];
  const body = document.body;
  const url = body.dataset.stream;
  if (!url || !window.EventSource) return;

  let source = null;
  let last = body.dataset.since;
  let failed = 0;
  let later = null;
  let leaving = null;
  let over = false;
  const told = new Map(); // element or its id -> {asked, took, began, timer}

  function memory(element) {
    const key = element.id || element;
    if (!told.has(key)) told.set(key, { asked: 0, took: 0, began: 0, timer: null });
    return told.get(key);
  }

  function alive(on) {
    if (on === body.classList.contains("is-live")) return;
    body.classList.toggle("is-live", on);
    document.querySelectorAll("[data-live-note]").forEach((note) => {
      note.textContent = on ? note.dataset.sayLive : note.dataset.sayAsks;
    });
    document.dispatchEvent(new CustomEvent("live:state", { detail: { on } }));
  }

  // The first word at once, the next ones together: not sooner than a second after the last, or three answers' time.
  function wake(element) {
    const state = memory(element);
    if (state.timer !== null) return;
    const gap = Math.max(GAP, Number(element.dataset.gap || 0), 3 * state.took);
    const wait = Math.max(Math.random() * JITTER, state.asked + gap - Date.now());
    state.timer = setTimeout(() => {
      state.timer = null;
      state.asked = Date.now();
      const here = element.isConnected ? element : element.id && document.getElementById(element.id);
      if (here) here.dispatchEvent(new CustomEvent("live"));
    }, wait);
  }

  function concerns(words, about) {
    const [what, ...which] = words.split(" ");
    if (what === "any" || about === null) return true;
    if (what === "incident") return which.includes(String(about.i));
    return what === "unit" && which.some((code) => about.u.includes(code));
  }

  function tell(about) {
    document.querySelectorAll("[data-hears]").forEach((element) => {
      if (concerns(element.dataset.hears, about)) wake(element);
    });
  }

  function open() {
    clearTimeout(later);
    if (source || over || document.hidden) return;
    source = new EventSource(url + "?after=" + encodeURIComponent(last), { withCredentials: true });
    const on = (name, act) => source.addEventListener(name, (event) => {
      if (event.lastEventId) last = event.lastEventId;
      act(event);
    });
    on("hello", (event) => { failed = 0; alive(JSON.parse(event.data).up); });
    on("up", () => alive(true));
    on("down", () => alive(false));
    on("happened", (event) => tell(JSON.parse(event.data)));
    on("many", () => tell(null));
    on("reset", () => tell(null));
    // Signed out, or a wall's key was revoked: what asks next is told so.
    on("bye", () => { over = true; close(); tell(null); });
    source.onerror = () => {
      alive(false);
      if (source && source.readyState === EventSource.CLOSED) { close(); again(); }
    };
  }

  function close() {
    if (source) source.close();
    source = null;
    alive(false);
  }

  // The browser itself comes back to a stream that broke off, but not to one that was refused.
  function again() {
    clearTimeout(later);
    later = setTimeout(open, AGAIN[Math.min(failed, AGAIN.length - 1)] * (1 + Math.random() / 4));
    failed += 1;
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(leaving);
    if (document.hidden) leaving = setTimeout(close, HIDDEN);
    else open();
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => { if (event.persisted) open(); });

  // Only what HTMX asks by its own clock has no event behind it.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const element = event.detail.elt;
    if (!element.dataset || !element.dataset.hears) return;
    const state = memory(element);
    const byClock = !event.detail.requestConfig.triggeringEvent;
    if (byClock && state.asked && body.classList.contains("is-live") && Date.now() - state.asked < FLOOR) {
      event.preventDefault();
      return;
    }
    state.asked = state.began = Date.now();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const element = event.detail.elt;
    if (!element.dataset || !element.dataset.hears) return;
    const state = memory(element);
    if (state.began) state.took = Date.now() - state.began;
    state.began = 0;
  });

  open();
})();
