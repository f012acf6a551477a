/* The panel beside the map: tabs, the plan with who holds it, the log of steps; and everything the studio says.
 */
(function () {
  "use strict";
  const S = (window.wanggeStudio = window.wanggeStudio || {});
  const make = S.make;
  const whole = new Intl.NumberFormat(document.documentElement.lang);
  const number = (value) => whole.format(value);
  S.number = number;
  S.known = (value) => (value === null || value === undefined ? S.word("none") : number(value));
  // Times are those of the place, not of the machine that looks.
  const moment = (look) => new Intl.DateTimeFormat(document.documentElement.lang, Object.assign({ timeZone: S.words.zone, hour12: false }, look));
  S.squareKilometres = (m2) => S.word("km2", { n: new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: m2 < 1e5 ? 3 : 2 }).format(m2 / 1e6) });
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
    S.say("tab", name);
  };
  S.tabShown = () => S.find('[data-tab][aria-selected="true"]').dataset.tab;
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
    S.find("#studio-take").addEventListener("click", S.takeOver);
    S.find("#studio-said-close").addEventListener("click", () => hush());
    S.find("#studio-more-steps").addEventListener("click", () => loadSteps(true));
  };

  // What was refused stands where it was refused, until the next press; what is told goes by itself.
  let timer = 0;
  let popup = null;
  function said(words, isFault) {
    clearTimeout(timer);
    const box = S.find("#studio-said");
    box.hidden = !words;
    box.classList.toggle("is-fault", Boolean(isFault));
    S.find("#studio-said-words").textContent = words;
    S.find("#studio-sign-in").hidden = true;
    if (words && !isFault) timer = setTimeout(hush, 9000);
  }
  function hush() { said(""); if (popup) { popup.remove(); popup = null; } }
  S.hush = hush;
  S.on("told", (told) => said(told.words));
  S.on("refused", (refusal) => {
    said(refusal.words, true);
    S.find("#studio-sign-in").hidden = !refusal.signedOut;
    if (popup) popup.remove();
    if (!refusal.at || !S.map) return;
    const at = [refusal.at[1], refusal.at[0]];
    popup = L.marker(at, { icon: L.divIcon({ className: "studio-refused", iconSize: [28, 28] }), keyboard: false, interactive: false, alt: "" }).addTo(S.map);
    if (!S.map.getBounds().pad(-0.05).contains(at)) S.map.panTo(at);
  });
  S.on("signed-in", () => { if (!S.find("#studio-sign-in").hidden) hush(); });
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
    if (offline) state.textContent = waits ? S.word("waits", { n: waits }) : "";
    else if (waits) state.textContent = S.word("saving");
    else if (S.state) state.textContent = S.word("saved", { n: S.state.revision }) + (last ? S.word("and") + last : "");
  }
  let last = "";
  S.on("busy", () => { S.find(".studio").classList.toggle("is-busy", S.isBusy()); busy(); });
  S.on("changed", (changed) => { last = changed.step ? changed.step.words : ""; busy(); });

  function facts() {
    const state = S.state;
    if (!state) return;
    const { totals } = state;
    S.find("#studio-status").textContent = S.word("status_" + state.status);
    S.find("#studio-old").hidden = !state.stale;
    const hold = S.find("#studio-holder");
    const until = state.hold ? moment({ hour: "2-digit", minute: "2-digit" }).format(new Date(state.hold.until)) : "";
    const held = !state.hold ? "held_none" : state.hold.mine ? "held_mine" : "held_by";
    hold.textContent = state.may.edit || S.heldByOther() ? S.word(held, { who: state.hold ? state.hold.by : "", until }) : S.word("may_not");
    hold.classList.toggle("is-held", S.heldByOther());
    S.find("#studio-take").hidden = !state.may.edit || S.mine();
    S.find(".studio").classList.toggle("is-read-only", !S.mayEdit());
    const rows = [
      [S.word("grids"), number(S.areas.size)],
      [S.word("households"), S.known(totals.households)],
      [S.word("target"), state.target ? S.word("target_words", { n: number(state.target), t: state.tolerance }) : S.word("no_target")],
      [S.word("outside_tolerance"), S.known(totals.outside_tolerance)],
      [S.word("faults"), S.known(totals.faults)],
      [S.word("without_officer"), number(Array.from(S.areas.values()).filter((area) => !area.officer && !area.vacant_reason).length)],
    ];
    S.find("#studio-facts").replaceChildren(...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
    busy();
  }
  S.on("state", facts);
  S.on("changed", facts);
  S.on("held", facts);
  S.on("faults", facts);

  // The log of steps, newest first; it survives a reload and shows who did what.
  let oldest = null;
  async function loadSteps(more) {
    try {
      const answer = await S.ask(S.urls.log + (more && oldest !== null ? "?before=" + oldest : ""));
      const { steps } = answer;
      const list = S.find("#studio-steps");
      if (!more) list.replaceChildren();
      for (const step of steps) {
        const at = new Date(step.at);
        const when = make("time", { datetime: step.at, title: moment({ dateStyle: "full", timeStyle: "medium" }).format(at) },
          moment({ month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" }).format(at));
        list.append(make("li" + (step.undone ? ".is-undone" : ""), {},
          make("span.studio-step-words", {}, step.words),
          make("span.studio-step-who", {}, step.by, " · ", when, step.undone ? " · " + S.word("undone") : "")));
        oldest = step.revision;
      }
      S.find("#studio-no-steps").hidden = list.children.length > 0;
      S.find("#studio-more-steps").hidden = !answer.more;
    } catch (error) { S.failed(error); }
  }
  S.on("changed", () => { if (!S.find("#studio-tab-steps").hidden) loadSteps(); });
})();
