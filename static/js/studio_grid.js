/* The chosen grid: its particulars in a form, who answers for it, its neighbours; merging and handing over by list.
 */
(function () {
  "use strict";
  const S = (window.wanggeStudio = window.wanggeStudio || {});
  const make = S.make;
  const LISTED = 40;
  let shownKey = null;
  let isTyped = false; // the particulars were begun to be changed

  S.on("chosen", (more) => {
    draw();
    if (S.chosen.length && !more.quiet && !more.zoom) { if (!S.find("#studio-tab-balance").hidden) reveal(); else S.tab("grid"); }
    if (more.zoom) { const shape = S.topo.shapes.get(S.chosen[0]); if (shape) S.zoomTo(shape.box, 17); S.find("#studio-open-grid").hidden = false; }
    S.find("#studio-open-grid").hidden = !S.chosen.length;
    if (S.chosen.length) S.find("#studio-open-grid").textContent = S.word("open_grid", { grid: S.nameOf(S.chosen[0]) });
  });
  function reveal() { const row = S.find('#studio-balance tr[data-key="' + S.chosen[0] + '"]'); if (row) row.scrollIntoView({ block: "nearest" }); }
  S.on("changed", (changed) => {
    S.chosen = S.chosen.filter((key) => S.areas.has(key));
    if (changed.keys.includes(shownKey) || changed.removed.includes(shownKey) || !S.chosen.length) draw();
    else neighbours();
  });
  S.on("state", () => { S.chosen = S.chosen.filter((key) => S.areas.has(key)); draw(); });
  S.on("held", able);

  const one = () => (S.chosen.length ? S.areas.get(S.chosen[0]) : null);

  function draw() {
    const area = one();
    S.find("#studio-grid-none").hidden = Boolean(area);
    S.find("#studio-grid-form").hidden = !area;
    if (!area || area.key !== shownKey) isTyped = false;
    shownKey = area ? area.key : null;
    if (!area) return;
    S.find("#studio-grid-name").textContent = S.nameOf(area.key);
    S.find("#studio-grid-code").textContent = area.code || S.word("no_code");
    const facts = [
      [S.word("households"), area.households === null ? S.word("none") : S.number(area.households) + (area.deviation === null ? "" : " (" + S.percent(area.deviation) + ")")],
      [S.word("area"), S.squareKilometres(area.area_m2)],
      [S.word("parts"), S.number(area.parts)],
      [S.word("open"), area.open === null || area.open === undefined ? S.word("none") : S.number(area.open)],
    ];
    S.find("#studio-grid-facts").replaceChildren(...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
    if (!isTyped) particulars(area);
    S.find("#studio-parts-row").hidden = area.parts < 2 && !area.parts_reason;
    S.find("#studio-officer-now").textContent = area.officer ? area.officer.name : area.vacant_reason ? S.word("vacant_because", { why: area.vacant_reason }) : S.word("nobody");
    S.find("#studio-officer-now").classList.toggle("is-missing", !area.officer && !area.vacant_reason);
    able();
    neighbours();
  }
  function particulars(area) {
    const fields = S.find("#studio-describe").elements;
    fields.name.value = area.name || "";
    fields.grid_kind.value = area.kind || "";
    fields.boundary_basis.value = area.basis || "";
    fields.households.value = area.households === null ? "" : area.households;
    fields.parts_reason.value = area.parts_reason || "";
    S.find("#studio-vacant").elements.vacant_reason.value = area.vacant_reason || "";
    S.find("#studio-found").replaceChildren();
    S.find("#studio-officer-search").value = "";
  }
  function able() {
    for (const each of document.querySelectorAll("#studio-grid-form :is(input, select, button:not(.studio-pick))")) each.disabled = !S.mayEdit();
  }

  function neighbours() {
    const area = one();
    if (!area) return;
    S.find("#studio-hand").replaceChildren();
    const list = S.topo.neighbours(area.key).map((near) => make("li", {},
      make("span.grow", {},
        make("button.studio-pick", { type: "button", onclick: () => S.choose([near.key], { zoom: true }) }, S.nameOf(near.key)),
        make("span.muted.small", {}, S.word("shares", { n: S.number(Math.round(near.metres)) }))),
      act("merge", near.key, () => askMerge(area.key, near.key)),
      act("border", near.key, () => toBorder(area.key, near.key)),
      act("hand", near.key, () => hand(area.key, near.key))));
    S.find("#studio-neighbours").replaceChildren(...list);
  }
  const act = (name, key, press) => {
    const label = S.word(name + "_with", { grid: S.nameOf(key) });
    return make("button.btn.btn-sm", { type: "button", disabled: !S.mayEdit(), "aria-label": label, onclick: press }, S.word(name));
  };

  function askMerge(a, b) {
    const size = (key) => { const area = S.areas.get(key); return area.households === null ? area.area_m2 : area.households; };
    const way = (into, main) => ({ words: S.word("remains", { grid: S.nameOf(into) }), main, act: () => merge([a, b], into) });
    const first = size(a) >= size(b) ? [a, b] : [b, a];
    S.choose([a, b], { quiet: true });
    S.offer(S.word("which_remains", { one: S.nameOf(a), other: S.nameOf(b) }), [way(first[0], true), way(first[1], false)]);
  }
  async function merge(keys, into) {
    const answer = await S.operate("merge", { keys, into });
    S.choose(answer ? [into] : keys.slice(0, 1), { quiet: true });
  }
  function toBorder(a, b) {
    S.take("border");
    if (S.inHand !== "border") return;
    const arcs = S.topo.arcs.filter((arc) => (arc.left === a && arc.right === b) || (arc.left === b && arc.right === a)).sort((x, y) => y.vs.length - x.vs.length);
    if (!arcs.length) return;
    S.zoomTo(arcs[0].box, 18);
    S.chooseArc(arcs[0], true);
  }

  // Handing over without the mouse: the dwellings nearest to the neighbour, to be ticked.
  async function hand(from, to) {
    const box = S.find("#studio-hand");
    box.replaceChildren(make("p.muted", {}, S.word("one_moment")));
    let found = [];
    try { found = await S.dwellingsTowards(from, to, LISTED); } catch (error) { S.failed(error); }
    if (!found.length) { box.replaceChildren(make("p.muted", {}, S.word("no_dwellings"))); return; }
    const ticks = found.map((each, index) => {
      const id = "studio-tick-" + index;
      const words = S.word("dwelling", { n: S.number(each.households), m: S.number(Math.round(each.metres)) });
      return make("li", {}, make("input.form-check-input", { type: "checkbox", id, value: each.id }), make("label", { for: id }, words));
    });
    const send = make("button.btn.btn-primary", { type: "button", onclick: () => {
      const dwellings = Array.from(box.querySelectorAll("input:checked"), (tick) => Number(tick.value));
      if (!dwellings.length) { S.say("told", { words: S.word("tick_first") }); return; }
      S.operate("paint", { dwellings, to });
    } }, S.word("hand_to", { grid: S.nameOf(to) }));
    box.replaceChildren(make("h3", {}, S.word("hand_head", { grid: S.nameOf(to) })), make("ul.studio-ticks", {}, ...ticks), send);
    box.querySelector("input").focus();
  }

  S.grid = function () {
    S.find("#studio-grid-form").addEventListener("input", (event) => { isTyped = isTyped || Boolean(event.target.closest("#studio-describe, #studio-vacant")); });
    S.find("#studio-open-grid").addEventListener("click", () => { S.tab("grid", true); S.sheet(true); });
    S.find("#studio-describe").addEventListener("submit", (event) => {
      event.preventDefault();
      const area = one();
      const fields = event.target.elements;
      const args = { key: area.key };
      const put = (name, was, now) => { if (now !== was) args[name] = now; };
      put("name", area.name || "", fields.name.value.trim());
      put("grid_kind", area.kind || "", fields.grid_kind.value);
      put("boundary_basis", area.basis || "", fields.boundary_basis.value);
      put("parts_reason", area.parts_reason || "", fields.parts_reason.value.trim());
      put("households", area.households, fields.households.value === "" ? null : Number(fields.households.value));
      isTyped = false;
      if (Object.keys(args).length > 1) S.operate("describe", args);
      else S.say("told", { words: S.word("nothing_changed") });
    });
    S.find("#studio-vacant").addEventListener("submit", (event) => {
      event.preventDefault();
      const reason = event.target.elements.vacant_reason.value.trim();
      if (!reason) { S.say("refused", { words: S.word("say_why_vacant") }); return; }
      isTyped = false;
      S.operate("officer", { key: shownKey, person: null, vacant_reason: reason });
    });
    let timer = 0;
    S.find("#studio-officer-search").addEventListener("input", (event) => {
      clearTimeout(timer);
      timer = setTimeout(() => search(event.target.value.trim()), 250);
    });
  };
  async function search(words) {
    const list = S.find("#studio-found");
    if (!words) { list.replaceChildren(); return; }
    try {
      const { people } = await S.ask(S.urls.officers + "?q=" + encodeURIComponent(words));
      if (S.find("#studio-officer-search").value.trim() !== words) return;
      list.replaceChildren(...(people.length ? people.map(candidate) : [make("li.muted", {}, S.word("nobody_found"))]));
    } catch (error) { S.failed(error); }
  }
  function candidate(person) {
    const name = () => { isTyped = false; S.operate("officer", { key: shownKey, person: person.id, vacant_reason: "" }); };
    return make("li", {}, make("button.btn.btn-sm", { type: "button", onclick: name }, person.name), make("span.muted.small", {}, person.post));
  }

  S.tool("select", {
    press(at) {
      const fault = S.faultAt(at.mx, at.my, S.reach(at));
      if (fault) { S.tab("faults"); S.chooseFault(fault); const row = S.find('[data-fault="' + fault.id + '"]'); if (row) row.scrollIntoView({ block: "nearest" }); return; }
      const shape = S.topo.shapeAt(at.mx, at.my);
      S.choose(shape ? [shape.key] : []);
    },
  });
  S.tool("merge", {
    start() { if (S.chosen.length > 1) S.choose(S.chosen.slice(0, 1), { quiet: true }); },
    hint: () => (S.chosen.length === 1 ? S.word("hint_merge_other", { grid: S.nameOf(S.chosen[0]) }) : S.word("hint_merge")),
    press(at) {
      const shape = S.topo.shapeAt(at.mx, at.my);
      if (!shape) return;
      if (S.chosen.length !== 1 || S.chosen[0] === shape.key) { S.choose([shape.key], { quiet: true }); return; }
      if (!S.topo.neighbours(S.chosen[0]).some((near) => near.key === shape.key)) { S.say("refused", { words: S.word("not_neighbours") }); return; }
      askMerge(S.chosen[0], shape.key);
    },
  });
})();
