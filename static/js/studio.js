/* The boundary studio's drawing page. It draws and asks; every edit is judged by the server.
 *
 * #studio holds the addresses as data attributes, #studio-words the words; the parts are in studio_*.js.
 */
(function () {
  "use strict";
  const S = window.wanggeStudio;

  S.wide = () => matchMedia("(min-width: 1024px)").matches; // the tools stand on the map then
  S.zoomTo = function (box, most) {
    const wide = S.wide();
    const [west, north] = S.lonlat(box[0], box[1]);
    const [east, south] = S.lonlat(box[2], box[3]);
    S.map.fitBounds([[south, west], [north, east]], { maxZoom: most || 18, paddingTopLeft: wide ? [110, 110] : [20, 90], paddingBottomRight: wide ? [70, 60] : [60, 50] });
  };
  function fit() {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const shape of S.topo.shapes.values()) {
      box[0] = Math.min(box[0], shape.box[0]); box[1] = Math.min(box[1], shape.box[1]);
      box[2] = Math.max(box[2], shape.box[2]); box[3] = Math.max(box[3], shape.box[3]);
    }
    if (box[0] === Infinity) return;
    S.home = box;
    const [west, north] = S.lonlat(box[0], box[1]);
    const [east, south] = S.lonlat(box[2], box[3]);
    const bounds = L.latLngBounds([south, west], [north, east]);
    const wide = S.wide();
    S.map.fitBounds(bounds, { paddingTopLeft: [wide ? 96 : 12, 12], paddingBottomRight: [wide ? 56 : 12, 44], animate: false });
    S.map.setMaxBounds(bounds.pad(0.8));
  }

  function begin() {
    const root = document.getElementById("studio");
    S.words = JSON.parse(document.getElementById("studio-words").textContent);
    S.urls = Object.assign({}, JSON.parse(document.getElementById("studio-urls").textContent));
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    S.map = L.map("studio-map", { zoomControl: false, attributionControl: false, minZoom: 8, maxZoom: 21, zoomSnap: 0.25, zoomAnimation: !still, fadeAnimation: !still, inertia: !still, boxZoom: false, maxBoundsViscosity: 0.7 });
    L.control.zoom({ position: "topright", zoomInTitle: S.word("zoom_in"), zoomOutTitle: S.word("zoom_out") }).addTo(S.map);
    S.map.setView([29.4, 103.55], 12, { animate: false });
    let chosenArcBefore = null;
    S.layer = new S.CoverageLayer({
      see: () => (S.state ? {
        topo: S.topo, areas: S.areas, faults: S.faults, fault: S.fault, chosen: S.chosen, arc: S.chosenArc(), ground: S.ground, tolerance: S.state.tolerance,
        label: (area) => S.nameOf(area.key), count: (area) => S.word("count", { n: S.number(area.households) }),
      } : null),
    }).addTo(S.map);

    S.panel(); S.balance(); S.grid(); S.prover(); S.comparison(); S.listen();
    S.take("select");
    let first = true;
    S.on("state", () => {
      if (first) fit();
      first = false;
      S.refindArc(chosenArcBefore);
      S.layer.draw();
    });
    const again = () => { S.refindArc(S.chosenArc() || chosenArcBefore); chosenArcBefore = S.chosenArc(); S.layer.lower(); };
    S.on("changed", () => { S.hush(); again(); S.hint(); });
    S.on("rolled-back", again);
    S.map.on("zoomstart", () => { S.map.getPanes().handles && S.map.getPanes().handles.replaceChildren(); });
    S.map.on("moveend zoomend", () => { S.drawHandles(); S.loadGround(); S.say("moved"); });
    document.getElementById("studio-fit").addEventListener("click", () => fit());
    new ResizeObserver(() => S.map.invalidateSize({ pan: false })).observe(S.map.getContainer());

    S.find("#studio-saved").textContent = S.word("one_moment");
    S.load(true).then(async () => {
      S.say("offline", false);
      if (S.state.may.edit && !(S.heldByOther() && !S.holdRanOut()) && !S.holdRanOut()) await S.hold();
      S.say("held");
      if (S.heldByOther()) { S.tab("plan"); S.say("told", { words: S.find("#studio-holder").textContent }); }
      S.keepHold();
      root.classList.add("is-ready");
      S.loadGround();
    }).catch(S.failed);
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
