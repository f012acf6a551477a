/* The dialog in which moves, orders and explanations open.
 *
 *   data-open="move-dialog" with hx-get into #move-body    a press shows the empty dialog at once, then what it asks
 *   data-filter="id"      on a search field: hides the children of that list whose data-words do not hold what is typed
 *   data-filter-none="id" shown while nothing fits
 */
(function () {
  "use strict";

  const body = () => document.getElementById("move-body");
  let empty = "";

  // Before HTMX sees the click: what the dialog held last time must not flash up.
  document.addEventListener("click", (event) => {
    if (!event.target.closest('[data-open="move-dialog"]')) return;
    if (empty && body()) body().innerHTML = empty;
  }, true);

  function failed(event) {
    const dialog = document.getElementById("move-dialog");
    if (dialog && dialog.open && event.detail.target === body() && event.detail.requestConfig && event.detail.requestConfig.verb === "get") dialog.close();
  }
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:sendError", failed);

  // HX-Trigger: openDialog, when a press made at once was answered with something to read.
  document.addEventListener("openDialog", () => {
    const dialog = document.getElementById("move-dialog");
    if (dialog && !dialog.open) dialog.showModal();
  });

  // What has not changed stays as it is; nothing is swapped away under an open menu.
  let panel = "";
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "incident-panel") return;
    const text = event.detail.serverResponse;
    if (text === panel || event.detail.target.querySelector(".dropdown-menu.show")) { event.detail.shouldSwap = false; return; }
    panel = text;
  });

  // The first field to fill takes the focus, once its form has arrived.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target !== body() || body().querySelector(".is-invalid")) return;
    const field = body().querySelector("[data-first]") || body().querySelector("textarea, select, input:not([type=hidden])");
    if (field) field.focus();
  });

  document.addEventListener("input", (event) => {
    const field = event.target.closest("[data-filter]");
    if (!field) return;
    const words = field.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of document.getElementById(field.dataset.filter).children) {
      const text = (row.dataset.words || row.textContent).toLowerCase();
      const chosen = row.querySelector("input[type=checkbox]:checked");
      row.hidden = !chosen && !words.every((word) => text.includes(word));
      if (!row.hidden) shown += 1;
    }
    const none = document.querySelector('[data-filter-none="' + field.dataset.filter + '"]');
    if (none) none.hidden = shown > 0;
  });
  // Enter in a search field narrows the list; it does not send the form.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.closest("[data-filter]")) event.preventDefault();
  });

  // While it was open the list beneath was left alone; now it may catch up.
  function closed() {
    const rows = document.querySelector("[data-desk-rows]");
    if (rows && window.htmx) window.htmx.trigger(rows, "desk:refresh");
  }

  function start() {
    // On a phone the tabs scroll: the open one must be in sight.
    const tab = document.querySelector(".tabs [aria-current]");
    if (tab) tab.parentElement.parentElement.scrollLeft = tab.offsetLeft - 40;
    if (!body()) return;
    empty = body().innerHTML;
    document.getElementById("move-dialog").addEventListener("close", closed);
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
