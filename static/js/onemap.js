/* The one map: a pressed unit opens its card; marks follow time, and follow the view where there are too many to send at once.
 *
 *   data-card    address of a unit's card, with CODE in the place of the code (with an element .map-card; both optional)
 *   data-bounds  west,south,east,north the map begins with
 *   data-marks   address of the marks
 *   data-hears   "any": the event "live" (static/js/live.js) brings the marks anew
 */
(function () {
  "use strict";
  const EVERY = 60000;

  function cards(page, element, map, card) {
    let from = null;

    function open(code) {
      card.hidden = false;
      window.htmx.ajax("GET", page.dataset.card.replace("CODE", encodeURIComponent(code)), { target: card, swap: "innerHTML" });
      const address = new URL(location.href);
      address.searchParams.set("unit", code);
      history.replaceState(null, "", address);
    }

    function close() {
      card.hidden = true;
      map.select("");
      const address = new URL(location.href);
      address.searchParams.delete("unit");
      history.replaceState(null, "", address);
      if (from && from.isConnected) from.focus();
    }

    element.addEventListener("map:select", (event) => { from = document.activeElement; open(event.detail.code); });
    card.addEventListener("click", (event) => { if (event.target.closest("[data-close-card]")) close(); });
    page.addEventListener("keydown", (event) => { if (event.key === "Escape" && !card.hidden) close(); });
    if (element.dataset.selected) open(element.dataset.selected);
  }

  // The outlines are still on their way: the map fits what these attributes say once they are there.
  function begin(page, element, leaflet) {
    const [west, south, east, north] = (page.dataset.bounds || "").split(",").map(Number);
    if (!(west < east)) return;
    const bounds = window.L.latLngBounds([south, west], [north, east]);
    const middle = bounds.getCenter();
    element.dataset.center = middle.lat + "," + middle.lng;
    element.dataset.zoom = leaflet.getBoundsZoom(bounds, false, window.L.point(48, 48));
  }

  function start(page) {
    const element = page.querySelector("[data-map]");
    const card = page.querySelector(".map-card");
    if (!element || !element.wanggeMap) { setTimeout(() => start(page), 50); return; }
    const map = element.wanggeMap;
    begin(page, element, map.leaflet);
    if (card) cards(page, element, map, card);

    // Too many marks come as clusters of the whole district: ask again for what is in view.
    let waiting = null;
    function follow() {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        const view = map.leaflet.getBounds();
        const box = [view.getWest(), view.getSouth(), view.getEast(), view.getNorth()].map((edge) => edge.toFixed(5)).join(",");
        element.dataset.incidents = page.dataset.marks + (page.dataset.marks.includes("?") ? "&" : "?") + "bbox=" + box;
        map.reload();
      }, 250);
    }
    map.leaflet.on("moveend", () => { if (element.dataset.clustered === "yes") follow(); });
    setInterval(() => { if (!document.hidden) map.reload(); }, EVERY);
    page.addEventListener("live", () => map.reload());
  }

  function all() { document.querySelectorAll("[data-onemap]").forEach(start); }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
  else all();
})();
