/* The dashboard: colours the map by load, draws the flow, says what a pressed place holds; all again when figures came in.
 *
 *   #board-data   data-loads {"code": open, …} by the smallest place, data-flow as static/js/flow.js wants it
 *   [data-board]  data-narrow, data-list: addresses with CODE in the place of a place's code
 */
(function () {
  "use strict";
  let shown = { loads: "", flow: "" };
  const open = new Set();

  function draw() {
    const data = document.getElementById("board-data");
    const page = document.querySelector("[data-board]");
    const element = page && page.querySelector("[data-map]");
    if (!data || !element) return;
    if (!element.wanggeMap) { setTimeout(draw, 50); return; }
    if (data.dataset.loads !== shown.loads) {
      shown.loads = data.dataset.loads;
      element.wanggeMap.setLoads(JSON.parse(shown.loads), page.dataset.sayLoad);
    }
    const chart = document.querySelector("[data-flow-chart]");
    if (chart && (data.dataset.flow !== shown.flow || !chart.firstChild)) {
      shown.flow = data.dataset.flow;
      window.wanggeFlow(chart, JSON.parse(shown.flow), false);
    }
  }

  // What a pressed place holds, beside it two ways on; closed by its cross, by Escape, by a press beside.
  function note(page, element, area) {
    page.querySelector(".place-note")?.remove();
    const box = document.createElement("div");
    box.className = "place-note";
    box.setAttribute("role", "status");
    const heading = document.createElement("h3");
    heading.textContent = area.name;
    const count = document.createElement("p");
    const number = document.createElement("a");
    number.textContent = page.dataset.sayOpen + " " + element.wanggeMap.loadOf(area.code);
    number.href = page.dataset.list.replace("CODE", encodeURIComponent(area.code));
    count.append(number);
    const narrow = document.createElement("p");
    const link = document.createElement("a");
    link.textContent = page.dataset.sayNarrow;
    link.href = page.dataset.narrow.replace("CODE", encodeURIComponent(area.code));
    narrow.append(link);
    const cross = document.createElement("button");
    cross.type = "button";
    cross.className = "icon-button";
    cross.setAttribute("aria-label", page.dataset.sayClose);
    cross.textContent = "×";
    cross.addEventListener("click", () => { box.remove(); element.wanggeMap.select(""); });
    box.append(heading, count, narrow, cross);
    page.append(box);
  }

  function begin() {
    const page = document.querySelector("[data-board]");
    if (!page) return;
    const element = page.querySelector("[data-map]");
    element.addEventListener("map:select", (event) => note(page, element, event.detail));
    page.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { page.querySelector(".place-note")?.remove(); element.wanggeMap.select(""); }
    });
    draw();
  }

  // Figures that came in replace their parts of the page; a table that was open stays open.
  document.addEventListener("toggle", (event) => {
    if (!event.target.matches || !event.target.matches("[data-keep-open]")) return;
    if (event.target.open) open.add(event.target.id); else if (event.target.isConnected) open.delete(event.target.id);
  }, true);
  document.addEventListener("htmx:oobAfterSwap", () => {
    for (const id of open) { const box = document.getElementById(id); if (box) box.open = true; }
    draw();
  });
  document.addEventListener("htmx:afterRequest", draw);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
