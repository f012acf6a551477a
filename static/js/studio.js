/* The boundary studio's drawing page. It draws and asks; every edit is judged by the server.
 *
 * #studio-urls holds the addresses, #studio-words the words; the parts are in studio_*.js.
 */
(function () {
  "use strict";
  const S = window.wanggeStudio;

  S.isWide = () => matchMedia("(min-width: 1024px)").matches; // the tools stand on the map then
  const boundsOf = (box) => {
    const [west, north] = S.lonlat(box[0], box[1]);
    const [east, south] = S.lonlat(box[2], box[3]);
    return L.latLngBounds([south, west], [north, east]);
  };
  S.zoomTo = function (box, most) {
    const wide = S.isWide();
    S.map.fitBounds(boundsOf(box), { maxZoom: most || 18, paddingTopLeft: wide ? [110, 110] : [20, 90], paddingBottomRight: wide ? [70, 60] : [60, 50] });
  };
  function fit() {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const shape of S.topo.shapes.values()) {
      box[0] = Math.min(box[0], shape.box[0]); box[1] = Math.min(box[1], shape.box[1]);
      box[2] = Math.max(box[2], shape.box[2]); box[3] = Math.max(box[3], shape.box[3]);
    }
    if (box[0] === Infinity) return;
    const bounds = boundsOf(box);
    const wide = S.isWide();
    S.map.fitBounds(bounds, { paddingTopLeft: [wide ? 96 : 12, 12], paddingBottomRight: [wide ? 56 : 12, 44], animate: false });
    S.map.setMaxBounds(bounds.pad(0.8));
  }

  // Whoever comes back by the browser's own buttons, or loads again, stands where they stood.
  let remembering = 0;
  function remember() {
    clearTimeout(remembering);
    remembering = setTimeout(() => {
      const { lat, lng } = S.map.getCenter();
      history.replaceState({ studio: { at: [lat, lng], zoom: S.map.getZoom(), tab: S.tabShown() } }, "");
    }, 400);
  }
  function recall() {
    const before = history.state && history.state.studio;
    if (!before) return;
    S.map.setView(before.at, before.zoom, { animate: false });
    S.tab(before.tab);
  }

  function drawMap() {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    S.map = L.map("studio-map", {
      zoomControl: false, attributionControl: false, minZoom: 8, maxZoom: 21, zoomSnap: 0.25, maxBoundsViscosity: 0.7,
      zoomAnimation: !still, fadeAnimation: !still, inertia: !still, boxZoom: false,
    });
    L.control.zoom({ position: "topright", zoomInTitle: S.word("zoom_in"), zoomOutTitle: S.word("zoom_out") }).addTo(S.map);
    S.map.setView([29.4, 103.55], 12, { animate: false });
    S.layer = new S.CoverageLayer({
      see: () => (S.state ? {
        topo: S.topo, areas: S.areas, faults: S.faults, fault: S.fault, chosen: S.chosen, arc: S.chosenArc(), ground: S.ground, tolerance: S.state.tolerance,
        label: (area) => S.nameOf(area.key), count: (area) => S.word("count", { n: S.number(area.households) }),
      } : null),
    }).addTo(S.map);
    S.map.on("zoomstart", () => S.hideHandles());
    S.map.on("moveend zoomend", () => { S.drawHandles(); S.loadGround(); S.say("moved"); });
    new ResizeObserver(() => S.map.invalidateSize({ pan: false })).observe(S.map.getContainer());
  }

  async function begin() {
    S.words = JSON.parse(document.getElementById("studio-words").textContent);
    S.urls = JSON.parse(document.getElementById("studio-urls").textContent);
    drawMap();
    S.panel(); S.balance(); S.grid(); S.divider(); S.prover(); S.comparison(); S.listen();
    S.take("select");
    S.on("changed", () => { S.hush(); S.hint(); });
    document.getElementById("studio-fit").addEventListener("click", fit);

    S.find("#studio-saved").textContent = S.word("one_moment");
    await S.load(true);
    fit();
    recall();
    S.on("moved", remember);
    S.on("tab", remember);
    S.say("offline", false);
    if (S.state.may.edit && !S.heldByOther()) await S.hold();
    else S.say("held");
    if (S.heldByOther()) { S.tab("plan"); S.say("told", { words: S.find("#studio-holder").textContent }); }
    S.keepHold();
    document.getElementById("studio").classList.add("is-ready");
    S.loadGround();
  }
  function start() { begin().catch((error) => S.failed(error)); }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
