/* The balance of the plan: a table that sorts, a histogram, and the ramp of colours the map uses.
 * Choosing grids here is how everything is reached without drawing.
 */
(function () {
  "use strict";
  const S = (window.wanggeStudio = window.wanggeStudio || {});
  const make = S.make;
  const SVG = "http://www.w3.org/2000/svg";
  let order = { by: "name", up: true };
  let stale = true;
  const made = new Map(); // key -> its row, until the area changes

  const VALUES = {
    name: (area) => S.nameOf(area.key),
    households: (area) => area.households,
    deviation: (area) => area.deviation,
    officer: (area) => (area.officer ? area.officer.name : area.vacant_reason ? "~" : ""),
    open: (area) => area.open,
  };

  function sorted() {
    const value = VALUES[order.by];
    const said = new Intl.Collator(document.documentElement.lang, { numeric: true });
    const compare = (a, b) => {
      const x = value(a), y = value(b);
      const lost = (each) => each === null || each === undefined || each === "";
      if (lost(x) || lost(y)) return lost(x) - lost(y) || a.key - b.key;
      const by = typeof x === "string" ? said.compare(x, y) : x - y;
      return (order.up ? by : -by) || a.key - b.key;
    };
    const words = S.find("#studio-search").value.trim().toLowerCase();
    const only = S.find("#studio-only").checked;
    const fits = (area) => [S.nameOf(area.key), area.code || "", area.officer ? area.officer.name : ""].join(" ").toLowerCase().includes(words);
    return Array.from(S.areas.values()).filter((area) => fits(area) && (!only || !S.withinTolerance(area))).sort(compare);
  }

  function row(area) {
    const chosen = S.chosen.includes(area.key);
    const swatch = make("span.studio-swatch." + stepName(area), { "aria-hidden": "true" });
    const officer = area.officer ? area.officer.name : area.vacant_reason ? S.word("vacant") : S.word("nobody");
    const pick = { type: "button", "aria-pressed": String(chosen), onclick: () => S.choose([area.key], { zoom: true }) };
    return make("tr" + (chosen ? ".is-chosen" : ""), { "data-key": area.key },
      make("th", { scope: "row" }, make("button.studio-pick", pick, swatch, S.nameOf(area.key))),
      make("td.num", {}, S.known(area.households)),
      make("td.num" + (S.withinTolerance(area) ? "" : ".is-off"), {}, S.percent(area.deviation)),
      make("td" + (area.officer || area.vacant_reason ? "" : ".is-missing"), {}, officer),
      make("td.num", {}, S.known(area.open)));
  }
  const stepName = (area) => {
    const colour = S.colourOf(area, S.state.tolerance);
    const { few, many, fit } = S.COLOURS;
    return few.includes(colour) ? "few-" + few.indexOf(colour) : many.includes(colour) ? "many-" + many.indexOf(colour) : colour === fit ? "fit" : "unknown";
  };

  function draw() {
    if (S.find("#studio-tab-balance").hidden) { stale = true; return; }
    stale = false;
    const had = document.activeElement && document.activeElement.closest("#studio-balance tr[data-key]");
    const body = S.find("#studio-balance tbody");
    const rows = sorted();
    body.replaceChildren(...rows.map((area) => { if (!made.has(area.key)) made.set(area.key, row(area)); return made.get(area.key); }));
    S.find("#studio-no-rows").hidden = rows.length > 0;
    for (const head of document.querySelectorAll("#studio-balance [data-sort]")) {
      head.closest("th").setAttribute("aria-sort", head.dataset.sort !== order.by ? "none" : order.up ? "ascending" : "descending");
    }
    histogram();
    if (had) { const again = body.querySelector('tr[data-key="' + had.dataset.key + '"] button'); if (again) again.focus(); }
  }

  // Ten per cent a bar, from 60 % too few to 60 % too many; the tolerance is drawn as the pale band.
  function histogram() {
    const box = S.find("#studio-histogram");
    const known = Array.from(S.areas.values()).filter((area) => area.deviation !== null && area.deviation !== undefined);
    box.hidden = !known.length;
    if (!known.length) return;
    const bars = new Array(13).fill(0);
    for (const area of known) bars[Math.max(0, Math.min(12, Math.round(area.deviation * 10) + 6))] += 1;
    const most = Math.max(...bars);
    const svg = box.querySelector("svg");
    svg.replaceChildren();
    const put = (name, given, words) => {
      const each = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(given)) each.setAttribute(key, value);
      if (words !== undefined) each.textContent = words;
      svg.append(each);
    };
    const tolerance = S.state.tolerance;
    put("rect", { class: "band", x: (6.5 - tolerance / 10) * 24, y: 0, width: (tolerance / 5) * 24, height: 62 });
    bars.forEach((count, index) => {
      const off = (index - 6) / 10;
      const height = count ? Math.max(2, (count / most) * 46) : 0;
      put("rect", { class: "bar " + stepName({ deviation: off }), x: index * 24 + 2, y: 62 - height, width: 20, height });
      if (count) put("text", { x: index * 24 + 12, y: 58 - height, class: "count-label" }, count);
      if (index % 3 === 0) put("text", { x: index * 24 + 12, y: 75, class: "axis" }, (index === 0 ? "≤" : index === 12 ? "≥" : "") + S.percent(off));
    });
    const within = known.filter(S.withinTolerance).length;
    S.find("#studio-within").textContent = S.word("within", { n: S.number(within), all: S.number(known.length), t: tolerance });
    svg.setAttribute("aria-label", S.find("#studio-within").textContent);
  }

  S.balance = function () {
    document.querySelectorAll("#studio-balance [data-sort]").forEach((head) => head.addEventListener("click", () => {
      order = { by: head.dataset.sort, up: head.dataset.sort === order.by ? !order.up : head.dataset.sort === "name" || head.dataset.sort === "officer" };
      draw();
    }));
    S.find("#studio-search").addEventListener("input", draw);
    S.find("#studio-only").addEventListener("change", draw);
  };
  S.on("state", () => { made.clear(); draw(); });
  S.on("changed", (changed) => { [...changed.keys, ...changed.removed].forEach((key) => made.delete(key)); draw(); });
  S.on("tab", () => { if (stale) draw(); });
  S.on("chosen", () => {
    for (const [key, each] of made) {
      const on = S.chosen.includes(key);
      each.classList.toggle("is-chosen", on);
      each.querySelector("button").setAttribute("aria-pressed", String(on));
    }
  });
})();
