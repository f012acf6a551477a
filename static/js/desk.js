/* A list worked by keyboard that refreshes itself without losing place or selection.
 *
 *   data-desk            the list's form or container        data-desk-rows   the element whose children are the rows
 *   data-row             one row, with a lasting id          data-main        in a row: the link that Enter opens
 *   data-act             in a row: the usual move (key a)    name="pick"      in a row: the box that selects it
 *   data-pick-bar        shown while rows are selected       data-pick-count  how many
 *   data-pick-all, data-pick-none                            buttons; data-pick-every: a box that selects all or none
 *
 * The rows element polls by HTMX: hx-get="…" data-hears="unit CODE" hx-trigger="every 20s, live, desk:refresh" hx-swap="innerHTML" data-quiet.
 * An answer equal to the last one is not swapped in; neither is any while a dialog or a menu of the list is open.
 * Keys: j / k next and previous row, Enter open, a usual move, x select. A row that was not there before gets is-new.
 */
(function () {
  "use strict";

  function start(desk) {
    const holder = () => desk.querySelector("[data-desk-rows]");
    const rows = () => Array.from(desk.querySelectorAll("[data-row]"));
    const picked = () => Array.from(desk.querySelectorAll("input[name=pick]:checked"));
    let here = null; // the id of the row last stood on
    let kept = null; // what must survive a swap
    let last = "";
    let missed = false; // an answer that was not swapped in

    function showPicks() {
      const chosen = picked();
      const bar = desk.querySelector("[data-pick-bar]");
      if (bar) bar.hidden = chosen.length === 0;
      desk.querySelectorAll("[data-pick-count]").forEach((place) => { place.textContent = chosen.length; });
      const whole = desk.querySelector("[data-pick-every]");
      if (whole) {
        whole.checked = chosen.length > 0 && chosen.length === rows().length;
        whole.indeterminate = chosen.length > 0 && !whole.checked;
      }
      rows().forEach((row) => {
        const box = row.querySelector("input[name=pick]");
        row.classList.toggle("is-picked", Boolean(box && box.checked));
      });
    }

    function stand(row) {
      if (!row) return;
      here = row.id;
      row.focus({ preventScroll: true });
      row.scrollIntoView({ block: "nearest" });
    }

    function step(by) {
      const all = rows();
      const at = all.findIndex((row) => row.id === here);
      stand(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))]);
    }

    function current() { return here ? document.getElementById(here) : null; }

    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (event.target.closest("input:not([type=checkbox]), textarea, select, dialog, [contenteditable], .map")) return;
      const row = current();
      if (event.key === "j") step(1);
      else if (event.key === "k") step(-1);
      else if (event.key === "x" && row) row.querySelector("input[name=pick]")?.click();
      else if (event.key === "Enter" && row && document.activeElement === row) row.querySelector("[data-main]")?.click();
      else if (event.key === "a" && row) row.querySelector("[data-act]")?.click();
      else return;
      event.preventDefault();
    });
    desk.addEventListener("focusin", (event) => {
      const row = event.target.closest("[data-row]");
      if (row) here = row.id;
    });
    desk.addEventListener("change", (event) => {
      if (event.target.hasAttribute("data-pick-every")) every(event.target.checked);
      if (event.target.name === "pick") showPicks();
    });
    function every(on) {
      desk.querySelectorAll("input[name=pick]").forEach((box) => { box.checked = on; });
      showPicks();
    }
    desk.addEventListener("click", (event) => {
      const all = event.target.closest("[data-pick-all]");
      const none = event.target.closest("[data-pick-none]");
      if (!all && !none) return;
      every(Boolean(all));
    });

    // What somebody is about to do is not swapped away under their hand.
    function occupied() {
      return Boolean(document.querySelector("dialog[open]") || desk.querySelector(".dropdown-menu.show"));
    }

    // What came in meanwhile is asked for again once the hand is off.
    function freed() { if (missed && !occupied()) holder().dispatchEvent(new CustomEvent("desk:refresh")); }
    document.addEventListener("close", freed, true);
    desk.addEventListener("hidden.bs.dropdown", freed);

    document.addEventListener("htmx:beforeSwap", (event) => {
      if (event.detail.target !== holder()) return;
      const polled = event.detail.requestConfig.triggeringEvent === undefined || event.detail.elt === holder();
      const text = event.detail.serverResponse;
      if (polled && (text === last || occupied())) {
        missed = text !== last;
        event.detail.shouldSwap = false;
        return;
      }
      missed = false;
      last = text;
      const focused = document.activeElement && document.activeElement.closest("[data-row]");
      const anchor = focused || rows().find((row) => row.getBoundingClientRect().bottom > 60);
      kept = {
        picks: new Set(picked().map((box) => box.value)),
        ids: new Set(rows().map((row) => row.id)),
        focus: focused ? { id: focused.id, inner: ["data-main", "data-act"].find((name) => document.activeElement.hasAttribute(name)) } : null,
        anchor: anchor ? { id: anchor.id, top: anchor.getBoundingClientRect().top } : null,
      };
    });

    document.addEventListener("htmx:afterSwap", (event) => {
      if (event.detail.target !== holder() || !kept) return;
      rows().forEach((row) => {
        const box = row.querySelector("input[name=pick]");
        if (box) box.checked = kept.picks.has(box.value);
        if (!kept.ids.has(row.id)) row.classList.add("is-new");
      });
      if (kept.anchor) {
        const row = document.getElementById(kept.anchor.id);
        if (row) window.scrollBy({ top: row.getBoundingClientRect().top - kept.anchor.top, behavior: "instant" });
      }
      if (kept.focus) {
        const row = document.getElementById(kept.focus.id);
        const place = row && kept.focus.inner ? row.querySelector("[" + kept.focus.inner + "]") : row;
        if (place) place.focus({ preventScroll: true });
      }
      kept = null;
      showPicks();
    });
    showPicks();
  }

  function begin() { document.querySelectorAll("[data-desk]").forEach(start); }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
