/* The wall: asks for news as soon as it hears of any (static/js/live.js), and every five seconds, or ten while it hears;
 * says since when it has none, and goes on by itself for weeks.
 *
 *   body[data-live]      what is asked; 304 when nothing happened
 *   body[data-release]   the page loads itself anew when the server runs another release, and twice a day
 *   #wall-data           gets "live" when something happened
 *   [data-part="id"]     parts of an answer, each for the element with that id
 */
(function () {
  "use strict";
  const EVERY = 5000;
  const EVERY_LIVE = 10000;
  const PATIENCE = 8000;
  const STALE = 15000;
  const RENEW = 12 * 3600 * 1000;
  const KEPT = 14;
  const body = document.body;
  const began = Date.now();
  let etag = "";
  let heard = Date.now();
  let drawn = { loads: "", marks: "", flow: "" };
  let newest = 0;

  // By the clock of the place the wall is about, wherever the screen thinks it stands.
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: body.dataset.zone });

  function tick() {
    document.getElementById("wall-clock").textContent = clock.format(new Date());
    const stale = Date.now() - heard > STALE;
    const data = document.getElementById("wall-data").dataset;
    body.classList.toggle("is-stale", stale);
    if (body.classList.contains("is-ended")) return;
    const words = stale ? body.dataset.sayStale + " " + clock.format(heard) : body.dataset.sayFresh + " " + data.at;
    const state = document.getElementById("wall-state");
    if (state.textContent !== words) state.textContent = words;
  }

  function draw() {
    const data = document.getElementById("wall-data").dataset;
    const map = document.getElementById("wall-map").wanggeMap;
    if (!map) { setTimeout(draw, 60); return; }
    if (data.loads !== drawn.loads) map.setLoads(JSON.parse(data.loads), body.dataset.sayLoad);
    if (data.marks !== drawn.marks) map.setMarks(JSON.parse(data.marks));
    if (data.flow !== drawn.flow) window.wanggeFlow(document.getElementById("wall-chart"), JSON.parse(data.flow), true);
    drawn = { loads: data.loads, marks: data.marks, flow: data.flow };
  }

  function arrive() {
    const list = document.getElementById("wall-events");
    for (const item of list.querySelectorAll("[data-event]")) item.classList.toggle("is-new", Number(item.dataset.event) > newest);
    newest = Math.max(newest, Number(document.getElementById("wall-data").dataset.newest));
    while (list.children.length > KEPT) list.lastElementChild.remove();
  }

  function put(text) {
    const answer = new DOMParser().parseFromString(text, "text/html");
    const root = answer.querySelector("[data-release]");
    if (!root) throw new Error("not an answer");
    if (root.dataset.release !== body.dataset.release) { location.reload(); return; }
    for (const part of root.querySelectorAll("[data-part]")) {
      const place = document.getElementById(part.dataset.part);
      if (place && place.innerHTML !== part.innerHTML) place.replaceChildren(...part.childNodes);
    }
    Object.assign(document.getElementById("wall-data").dataset, root.querySelector("[data-data]").dataset);
    arrive();
    draw();
  }

  async function ask() {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), PATIENCE);
    try {
      const headers = { "X-Quiet": "1", "X-Requested-With": "fetch" };
      if (etag) headers["If-None-Match"] = etag;
      const answer = await fetch(body.dataset.live, { headers, credentials: "same-origin", cache: "no-store", redirect: "manual", signal: patience.signal });
      const ended = answer.type === "opaqueredirect" || answer.status === 404 || answer.status === 403 || answer.status === 401;
      body.classList.toggle("is-ended", ended);
      if (ended) {
        document.getElementById("wall-state").textContent = body.dataset.sayEnded;
        return;
      }
      if (answer.status === 200) {
        put(await answer.text());
        etag = answer.headers.get("ETag") || "";
      } else if (answer.status !== 304) {
        return;
      }
      heard = Date.now();
      if (Date.now() - began > RENEW) location.reload();
    } catch {
      // Not there now: what stands is left standing, its age is said, and it is asked again.
    } finally {
      clearTimeout(timer);
    }
  }

  let timer = null;
  let asking = false;
  let heardOf = false;

  async function run() {
    clearTimeout(timer);
    if (asking) { heardOf = true; return; }
    asking = true;
    do {
      heardOf = false;
      await ask();
    } while (heardOf);
    asking = false;
    tick();
    timer = setTimeout(run, body.classList.contains("is-live") ? EVERY_LIVE : EVERY);
  }

  async function keepAwake() {
    try { if (document.visibilityState === "visible" && navigator.wakeLock) await navigator.wakeLock.request("screen"); } catch { /* the screen may sleep */ }
  }

  document.querySelector("[data-full]").addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen(); else document.documentElement.requestFullscreen();
  });
  document.addEventListener("visibilitychange", keepAwake);
  newest = Number(document.getElementById("wall-data").dataset.newest);
  keepAwake();
  draw();
  tick();
  setInterval(tick, 1000);
  document.getElementById("wall-data").addEventListener("live", run);
  timer = setTimeout(run, EVERY);
})();
