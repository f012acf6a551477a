/* The panel beside the map: tabs, the plan with who holds it, the log of steps; and everything the studio says.
 */
(function () {
  "use strict";
  const S = (window.wanggeStudio = window.wanggeStudio || {});
  const make = S.make;
  const whole = new Intl.NumberFormat(document.documentElement.lang);
  const number = (value) => whole.format(value);
  S.number = number;
  // Times are those of the place, not of the machine that looks.
  const moment = (look) => new Intl.DateTimeFormat(document.documentElement.lang, Object.assign({ timeZone: S.words.zone, hour12: false }, look));
  S.hectares = (m2) => S.word("km2", { n: new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: m2 < 1e5 ? 3 : 2 }).format(m2 / 1e6) });
  S.squareMetres = (m2) => S.word("m2", { n: number(m2 < 10 ? Math.round(m2 * 100) / 100 : Math.round(m2)) });
  S.percent = (part) => (part === null || part === undefined ? S.word("none") : (part > 0 ? "+" : part < 0 ? "−" : "") + Math.abs(Math.round(part * 100)) + "%");

  S.tab = function (name, focus) {
    for (const each of document.querySelectorAll("[data-tab]")) {
      const on = each.dataset.tab === name;
      each.setAttribute("aria-selected", String(on));
      each.tabIndex = on ? 0 : -1;
      S.find("#studio-tab-" + each.dataset.tab).hidden = !on;
      if (on && focus) each.focus();
    }
    if (name === "steps") loadSteps();
    if (name === "balance") S.say("balance");
  };
  S.sheet = function (open) {
    const button = S.find("#studio-sheet");
    button.setAttribute("aria-expanded", String(open));
    S.find(".studio").classList.toggle("is-open", open);
  };

  S.panel = function () {
    const tabs = Array.from(document.querySelectorAll("[data-tab]"));
    for (const each of tabs) {
      each.addEventListener("click", () => { S.tab(each.dataset.tab); S.sheet(true); });
      each.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        const to = event.key === "Home" ? 0 : event.key === "End" ? tabs.length - 1 : step ? (tabs.indexOf(each) + step + tabs.length) % tabs.length : -1;
        if (to >= 0) { event.preventDefault(); S.tab(tabs[to].dataset.tab, true); }
      });
    }
    S.find("#studio-sheet").addEventListener("click", () => S.sheet(!S.find(".studio").classList.contains("is-open")));
    S.find("#studio-take").addEventListener("click", () => S.hold().then(() => S.load()).catch(S.failed));
    S.find("#studio-said-close").addEventListener("click", () => hush());
    S.find("#studio-more-steps").addEventListener("click", () => loadSteps(true));
  };

  // What was refused stands where it was refused, until the next press; what is told goes by itself.
  let timer = 0;
  let popup = null;
  function said(words, kind, stays) {
    clearTimeout(timer);
    const box = S.find("#studio-said");
    box.hidden = !words;
    box.classList.toggle("is-fault", kind === "fault");
    S.find("#studio-said-words").textContent = words;
    if (words && !stays) timer = setTimeout(hush, 9000);
  }
  function hush() { said(""); if (popup) { popup.remove(); popup = null; } }
  S.hush = hush;
  S.on("told", (told) => said(told.words));
  S.on("refused", (refusal) => {
    said(refusal.words, "fault", true);
    if (popup) popup.remove();
    if (!refusal.at || !S.map) return;
    const at = [refusal.at[1], refusal.at[0]];
    popup = L.marker(at, { icon: L.divIcon({ className: "studio-refused", iconSize: [28, 28] }), keyboard: false, interactive: false, alt: "" }).addTo(S.map);
    if (!S.map.getBounds().pad(-0.05).contains(at)) S.map.panTo(at);
  });
  S.on("stale", (steps) => {
    const who = steps.map((step) => S.word("who_did", { who: step.by || S.word("somebody"), what: step.words })).slice(0, 3).join(S.word("and"));
    said(S.word("stale", { steps: who || S.word("somebody") }), "fault", true);
  });
  let offline = false;
  S.on("offline", (now) => {
    if (now === offline) return;
    offline = now;
    S.find("#studio-offline").hidden = !now;
    busy();
  });

  function busy() {
    const waits = S.waiting();
    const state = S.find("#studio-saved");
    state.title = last;
    state.textContent = offline ? (waits ? S.word("waits", { n: waits }) : "") : waits ? S.word("saving") : S.state ? S.word("saved", { n: S.state.revision }) + (last ? S.word("and") + last : "") : "";
  }
  let last = "";
  S.on("busy", (now) => { S.find(".studio").classList.toggle("is-busy", Boolean(now)); busy(); });
  S.on("changed", (changed) => { last = changed.step ? changed.step.words : ""; busy(); });

  function facts() {
    const state = S.state;
    if (!state) return;
    const totals = state.totals || {};
    S.find("#studio-status").textContent = S.word("status_" + state.status);
    S.find("#studio-old").hidden = !state.stale;
    const hold = S.find("#studio-holder");
    const other = S.heldByOther();
    const until = state.hold && state.hold.until ? moment({ hour: "2-digit", minute: "2-digit" }).format(new Date(state.hold.until)) : "";
    hold.textContent = !state.may.edit ? S.word("may_not") : other ? S.word(S.holdRanOut() ? "held_was" : "held_by", { who: state.hold.by, until }) : state.hold && state.hold.mine ? S.word("held_mine", { until }) : S.word("held_none");
    hold.classList.toggle("is-held", other);
    S.find("#studio-take").hidden = !state.may.edit || (state.hold && state.hold.mine) || (other && !S.holdRanOut());
    S.find(".studio").classList.toggle("is-read-only", !S.mayEdit());
    const rows = [
      [S.word("grids"), number(totals.areas === undefined ? S.areas.size : totals.areas)],
      [S.word("households"), totals.households === null || totals.households === undefined ? S.word("none") : number(totals.households)],
      [S.word("target"), state.target ? S.word("target_words", { n: number(state.target), t: state.tolerance }) : S.word("no_target")],
      [S.word("outside_tolerance"), totals.outside_tolerance === null || totals.outside_tolerance === undefined ? S.word("none") : number(totals.outside_tolerance)],
      [S.word("faults"), totals.faults === null || totals.faults === undefined ? S.word("none") : number(totals.faults)],
      [S.word("without_officer"), number(Array.from(S.areas.values()).filter((area) => !area.officer && !area.vacant_reason).length)],
    ];
    S.find("#studio-facts").replaceChildren(...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
    busy();
  }
  S.on("state", facts);
  S.on("changed", facts);
  S.on("held", facts);
  S.on("faults", facts);
  setInterval(() => { if (S.heldByOther()) facts(); }, 15000);

  // The log of steps, newest first; it survives a reload and shows who did what.
  let oldest = null;
  async function loadSteps(more) {
    try {
      const answer = await S.ask(S.urls.log + (more && oldest !== null ? "?before=" + oldest : ""));
      const steps = answer.steps || answer;
      const list = S.find("#studio-steps");
      if (!more) list.replaceChildren();
      for (const step of steps) {
        const at = new Date(step.at);
        const when = make("time", { datetime: step.at, title: moment({ dateStyle: "full", timeStyle: "medium" }).format(at) },
          moment({ month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" }).format(at));
        list.append(make("li" + (step.undone || step.is_undone ? ".is-undone" : ""), {}, make("span.studio-step-words", {}, step.words), make("span.studio-step-who", {}, step.by || "", " · ", when, step.undone || step.is_undone ? " · " + S.word("undone") : "")));
        oldest = step.revision;
      }
      S.find("#studio-no-steps").hidden = list.children.length > 0;
      S.find("#studio-more-steps").hidden = !answer.more && steps.length < 50;
    } catch (error) { S.failed(error); }
  }
  S.on("changed", () => { if (!S.find("#studio-tab-steps").hidden) loadSteps(); });
})();
