/* What the studio knows, and how it asks the server. One edit travels at a time; the others wait behind it.
 *
 *   S.on(name, act), S.say(name, detail)    "state" all is new · "changed" {keys, removed, step} · "held" · "faults" · "proof"
 *                                           "busy" · "offline" · "refused" {words, at, signedOut} · "told" {words}
 *   S.operate(kind, args) -> Promise of the answer, or null where it was refused: then the words were said already
 */
(function () {
  "use strict";
  const S = (window.wanggeStudio = window.wanggeStudio || {});
  const RETRY = 4000;
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
  let proving = false;
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
    const said = isJson ? await answer.json() : {};
    if (answer.status === 403 && !isJson && body !== undefined && !again) { await freshToken(); return S.ask(url, body, more, true); }
    if (answer.redirected && !isJson) throw new Refusal(401, { code: "signed_out", detail: S.word("signed_out") });
    if (!answer.ok) throw new Refusal(answer.status, said);
    return said;
  };

  function build() {
    S.topo = S.topology(Array.from(S.areas.values()), S.state.frame);
  }
  // What was drawn and not taken over goes from the map.
  S.asSaved = () => { build(); S.say("rolled-back"); };

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
    for (const key of answer.removed) S.areas.delete(key);
    for (const area of answer.changed) S.areas.set(area.key, area);
    if (answer.frame) state.frame = answer.frame;
    for (const name of ["totals", "steps", "hold", "status", "can_undo", "can_redo"]) state[name] = answer[name];
    S.certificate = null;
    build();
    S.say("changed", { keys: answer.changed.map((area) => area.key), removed: answer.removed, step: answer.step });
    // Until the server has looked again, what lay where an area changed is no longer shown as certain.
    const touched = new Set([...answer.removed, ...answer.changed.map((area) => area.key)]);
    S.faults = S.faults.filter((fault) => fault.id !== mended && (!fault.keys.some((key) => touched.has(key)) || fault.kind === "pocket"));
    state.totals.faults = S.faults.length;
    S.say("faults");
    S.askFaultsSoon();
  }

  S.operate = (kind, args, mended) => new Promise((done) => {
    if (!S.mayEdit()) { S.say("refused", { words: S.word("read_only") }); done(null); return; }
    queue.push({ kind, args, mended, done });
    travel();
  });
  S.waiting = () => queue.length;
  S.isBusy = () => proving || queue.length > 0;

  async function travel() {
    if (travelling || !queue.length) return;
    travelling = true;
    S.say("busy");
    const waits = await send(queue[0]);
    travelling = false;
    S.say("busy");
    if (waits) setTimeout(travel, RETRY); else travel();
  }
  // Sends the edit at the head of the queue; true where it stays there, to be sent again.
  async function send(edit) {
    let answer;
    try {
      answer = await S.ask(S.urls.operate, { revision: S.state.revision, kind: edit.kind, args: edit.args });
    } catch (error) {
      if (unsent(error) || error.status === 401) {
        if (unsent(error) || !edit.told) S.failed(error);
        edit.told = true;
        edit.unsure = edit.unsure || unsent(error);
        return true;
      }
      if (edit.unsure && arrived(error, edit)) return found(edit);
      // What was drawn badly is refused alone; whoever may not draw any more hears it for all that waits.
      const refused = queue.splice(0, error.status === 422 ? 1 : queue.length);
      await refusedBy(error);
      refused.forEach((each) => each.done(null));
      return false;
    }
    queue.shift();
    S.say("offline", false);
    take(answer, edit.mended);
    edit.done(answer);
    return false;
  }
  // Whether an answer never came: then nobody knows if the edit did.
  const unsent = (error) => !(error instanceof Refusal) || error.status > 500;
  // The first step since is this very edit: only its answer was lost on the way.
  function arrived(error, edit) {
    const [next] = (error.body.code === "stale" && error.body.since) || [];
    return Boolean(next && next.mine && next.kind === edit.kind);
  }
  async function found(edit) {
    queue.shift();
    S.say("offline", false);
    await S.load(true);
    edit.done({ changed: [], removed: [] });
    return false;
  }
  window.addEventListener("online", travel);
  window.addEventListener("beforeunload", (event) => { if (queue.length) event.preventDefault(); });

  async function refusedBy(error) {
    S.asSaved();
    if (error.status === 409) await S.load().catch(S.failed);
    if (error.status === 409 && error.body.code === "stale") S.say("refused", { words: S.word("stale", { steps: whatHappened(error.body.since) }) });
    else S.failed(error);
  }
  // Who was faster, and with what.
  function whatHappened(since) {
    const who = (step) => (step.mine ? S.word("other_window") : step.by || S.word("somebody"));
    return since.slice(0, 3).map((step) => S.word("who_did", { who: who(step), what: step.words })).join(S.word("and")) || S.word("somebody");
  }

  S.failed = function (error) {
    if (unsent(error)) { S.say("offline", true); return; }
    const { body } = error;
    S.say("refused", { words: body.detail || body.title || S.word("fault"), at: body.at, signedOut: error.status === 401 });
  };

  S.prove = async function () {
    proving = true;
    S.say("busy");
    try {
      const answer = await S.ask(S.urls.prove, { revision: S.state.revision });
      S.state.revision = answer.revision;
      S.state.status = answer.status;
      S.certificate = answer.certificate;
      S.faults = answer.faults;
      S.state.totals.faults = S.faults.length;
      S.say("faults");
      S.say("proof", answer);
    } catch (error) {
      await refusedBy(error);
    }
    proving = false;
    S.say("busy");
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
