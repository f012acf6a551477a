/* What the studio knows, and how it asks the server. One edit travels at a time; the others wait behind it.
 *
 *   S.on(name, act), S.say(name, detail)    "state" all is new · "changed" {keys, removed} · "busy" · "offline" · "held" · "stale"
 *                                           "refused" {words, at} · "faults" · "proof" · "steps"
 *   S.operate(kind, args) -> Promise of the answer, or null where it was refused: then the words were said already
 */
(function () {
  "use strict";
  const S = (window.wanggeStudio = window.wanggeStudio || {});
  const RETRY = 4000;
  const HOLD = 60000;
  const hearers = new Map();

  S.on = (name, act) => hearers.set(name, [...(hearers.get(name) || []), act]);
  S.say = (name, detail) => (hearers.get(name) || []).forEach((act) => act(detail));
  S.words = {};
  S.word = (key, given) => String(key in S.words ? S.words[key] : key).replace(/\{(\w+)\}/g, (all, name) => (given && name in given ? given[name] : all));
  S.areas = new Map();
  S.faults = [];
  S.state = null;
  S.topo = null;
  S.certificate = null;

  const queue = [];
  let travelling = false;
  let holdTimer = 0;
  let faultsTimer = 0;

  class Refusal extends Error {
    constructor(status, body) { super(body.detail || body.title || ""); this.status = status; this.body = body; }
  }

  // Who signed in again in another window has another token: it stands in the page as it would come now.
  async function freshToken() {
    const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
    if (!page.getElementById("studio")) throw new Refusal(401, { code: "signed_out", detail: S.word("signed_out") });
    document.body.setAttribute("hx-headers", page.body.getAttribute("hx-headers"));
  }
  S.ask = async function (url, body, more, again) {
    const token = JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"];
    const headers = { Accept: "application/json" };
    if (body !== undefined) Object.assign(headers, { "Content-Type": "application/json", "X-CSRFToken": token });
    const answer = await fetch(url, Object.assign({ method: body === undefined ? "GET" : "POST", credentials: "same-origin", headers, body: body ? JSON.stringify(body) : undefined }, more));
    const isJson = /json/.test(answer.headers.get("Content-Type") || "");
    if (answer.ok && answer.status === 204) return {};
    const said = isJson ? await answer.json() : {};
    if (answer.status === 403 && !isJson && body !== undefined && !again) { await freshToken(); return S.ask(url, body, more, true); }
    if (answer.redirected && !isJson) throw new Refusal(401, { code: "signed_out", detail: S.word("signed_out") });
    if (!answer.ok) throw new Refusal(answer.status, said);
    return said;
  };

  function build() {
    S.topo = S.topology(Array.from(S.areas.values()), S.state.frame);
  }

  S.mayEdit = () => Boolean(S.state && S.state.may.edit && S.state.hold && S.state.hold.mine && !S.comparing);
  S.heldByOther = () => Boolean(S.state && S.state.hold && S.state.hold.by && !S.state.hold.mine);
  S.holdRanOut = () => S.heldByOther() && Date.parse(S.state.hold.until) < Date.now();

  // `patient`: without a connection it is tried again and again.
  S.load = async function (patient) {
    const state = await S.ask(S.urls.state).catch(async (error) => {
      if (!patient || error instanceof Refusal) throw error;
      S.say("offline", true);
      await new Promise((done) => setTimeout(done, RETRY));
      return null;
    });
    if (!state) { await S.load(true); return; }
    S.state = state;
    S.areas = new Map(state.areas.map((area) => [area.key, area]));
    build();
    S.say("state");
    S.loadFaults();
  };

  S.loadFaults = async function () {
    clearTimeout(faultsTimer);
    try {
      const answer = await S.ask(S.urls.faults);
      if (travelling || queue.length) { S.askFaultsSoon(); return; }
      S.faults = answer.faults;
      S.state.totals.faults = answer.faults.length;
      S.say("faults");
    } catch (error) { S.failed(error); }
  };
  S.askFaultsSoon = () => { clearTimeout(faultsTimer); faultsTimer = setTimeout(S.loadFaults, 900); };

  // `mended`: the fault that the edit was to repair.
  function take(answer, mended) {
    const state = S.state;
    state.revision = answer.revision;
    for (const key of answer.removed || []) S.areas.delete(key);
    for (const area of answer.changed || []) S.areas.set(area.key, area);
    state.areas = Array.from(S.areas.values());
    if (answer.frame) state.frame = answer.frame;
    if (answer.totals) state.totals = Object.assign({}, state.totals, answer.totals);
    if (answer.steps) state.steps = answer.steps;
    if (answer.hold) state.hold = answer.hold;
    state.status = answer.status || "draft";
    state.can_undo = answer.can_undo === undefined ? Boolean(state.steps.undo) : answer.can_undo;
    state.can_redo = answer.can_redo === undefined ? Boolean(state.steps.redo) : answer.can_redo;
    S.certificate = null;
    build();
    S.say("changed", { keys: (answer.changed || []).map((area) => area.key), removed: answer.removed || [], step: answer.step });
    if (Array.isArray(answer.faults)) { S.faults = answer.faults; state.totals.faults = answer.faults.length; S.say("faults"); }
    else {
      // Until the server has looked again, what lay where an area changed is no longer shown as certain.
      const touched = new Set([...(answer.removed || []), ...(answer.changed || []).map((area) => area.key)]);
      S.faults = S.faults.filter((fault) => fault.id !== mended && (!fault.keys.some((key) => touched.has(key)) || fault.kind === "pocket"));
      state.totals.faults = S.faults.length;
      S.say("faults");
      S.askFaultsSoon();
    }
  }

  S.operate = (kind, args, mended) => new Promise((done) => {
    if (!S.mayEdit()) { S.say("refused", { words: S.word("read_only") }); done(null); return; }
    queue.push({ kind, args, mended, done });
    travel();
  });
  S.waiting = () => queue.length;

  async function travel() {
    if (travelling || !queue.length) return;
    travelling = true;
    S.say("busy", true);
    const edit = queue[0];
    try {
      const answer = await S.ask(S.urls.operate, { revision: S.state.revision, kind: edit.kind, args: edit.args });
      queue.shift();
      S.say("offline", false);
      take(answer, edit.mended);
      edit.done(answer);
    } catch (error) {
      if (!(error instanceof Refusal) || error.status === 401) {
        // No connection, or signed out: the edit stays at the head and is sent again.
        if (!(error instanceof Refusal)) S.say("offline", true);
        else if (!edit.told) S.failed(error);
        edit.told = true;
        travelling = false;
        setTimeout(travel, RETRY);
        return;
      }
      const rest = queue.splice(0);
      build();
      await refusedBy(error);
      rest.forEach((each) => each.done(null));
    }
    travelling = false;
    S.say("busy", queue.length > 0);
    travel();
  }
  window.addEventListener("online", travel);
  window.addEventListener("beforeunload", (event) => { if (queue.length) event.preventDefault(); });

  async function refusedBy(error) {
    const body = error.body || {};
    S.say("rolled-back");
    if (error.status === 409 && body.code === "stale") { await stale(body.since); return; }
    if (error.status === 409) {
      await S.load().catch(S.failed);
      S.say("refused", { words: body.detail || error.message });
      return;
    }
    S.failed(error);
  }

  // Somebody else was faster: show the newest, and say who did what since.
  async function stale(since) {
    try {
      await S.load();
      S.say("stale", since || []);
    } catch (error) { S.failed(error); }
  }

  S.failed = function (error) {
    if (!(error instanceof Refusal)) { S.say("offline", true); return; }
    const body = error.body || {};
    const first = Array.isArray(body.errors) ? body.errors.map((each) => each.detail || each.message || each).join(" ") : "";
    S.say("refused", { words: body.detail || first || body.title || S.word("fault"), at: body.at, code: body.code });
  };

  // The lease: asked for on opening, prolonged while the page is looked at, given back on leaving.
  S.hold = async function () {
    try {
      const answer = await S.ask(S.urls.hold, {});
      S.state.hold = answer.hold || answer;
      if (answer.revision !== undefined && answer.revision !== S.state.revision && !queue.length) await S.load();
      S.say("offline", false);
    } catch (error) {
      if (error instanceof Refusal && error.status === 409) {
        if (error.body.hold) S.state.hold = error.body.hold;
        else await S.load().catch(S.failed);
      } else { S.failed(error); }
    }
    S.say("held");
  };
  S.keepHold = function () {
    clearInterval(holdTimer);
    holdTimer = setInterval(() => {
      if (document.visibilityState !== "visible" || !S.state.may.edit) return;
      if (S.state.hold && S.state.hold.mine) S.hold();
      else S.ask(S.urls.state).then((state) => { S.state.hold = state.hold; S.say("held"); }).catch(S.failed);
    }, HOLD);
  };
  S.release = () => { if (S.state && S.state.hold && S.state.hold.mine) S.ask(S.urls.release, null, { keepalive: true }).catch(() => {}); };
  window.addEventListener("pagehide", S.release);
  window.addEventListener("pageshow", (event) => { if (event.persisted && S.state) S.load().then(S.hold).catch(S.failed); });

  S.prove = async function () {
    S.say("busy", true);
    try {
      const answer = await S.ask(S.urls.prove, { revision: S.state.revision });
      if (answer.revision !== undefined) S.state.revision = answer.revision;
      S.certificate = answer.ok ? answer.certificate : null;
      S.faults = answer.faults || [];
      S.state.totals.faults = S.faults.length;
      if (answer.ok) S.state.status = answer.status || "proven";
      S.say("faults");
      S.say("proof", answer);
    } catch (error) {
      if (error instanceof Refusal && error.status === 409 && error.body.code === "stale") await stale(error.body.since);
      else S.failed(error);
    }
    S.say("busy", false);
  };

  S.nameOf = (key) => {
    const area = S.areas.get(key);
    return area ? area.name || area.code || S.word("new_grid", { key }) : S.word("outside");
  };
  S.withinTolerance = (area) => area.deviation === null || area.deviation === undefined || Math.abs(area.deviation) * 100 <= S.state.tolerance + 1e-9;

  // Small elements: S.make("button.btn", {type: "button", onclick: act}, "words", …)
  S.make = function (what, given, ...children) {
    const [tag, ...classes] = what.split(".");
    const element = document.createElement(tag || "div");
    if (classes.length) element.className = classes.join(" ");
    for (const [name, value] of Object.entries(given || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (name === "value" || name === "checked" || name === "selected" || name === "disabled") element[name] = value;
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
    return element;
  };
  S.find = (selector) => document.querySelector(selector);
})();
