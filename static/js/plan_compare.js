/* The map of a comparison: grids after, tinted by how much ground they gain; borders before as dashed lines.
 *
 *   data-compare   on the map: where the areas come from       data-see   on a button: the grid it shows, by its key
 */
(function () {
  "use strict";
  const STYLES = {
    same: () => ({ color: "#9aa7b4", weight: 0.6, fillColor: "#fbf8f1", fillOpacity: 0.6 }),
    changed: (share) => ({ color: "#1d5fa8", weight: 1.4, fillColor: "#1d5fa8", fillOpacity: 0.12 + 0.5 * share }),
    new: () => ({ color: "#6b3fa0", weight: 1.8, fillColor: "#6b3fa0", fillOpacity: 0.35 }),
    before: () => ({ color: "#1c2733", weight: 1.2, dashArray: "5 4", fill: false, interactive: false }),
  };
  async function start(element) {
    const data = element.dataset;
    const map = L.map(element, { attributionControl: false, preferCanvas: true, zoomSnap: 0.25, zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches });
    try {
      const answer = await fetch(data.compare, { credentials: "same-origin", headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const all = await answer.json();
      const layer = L.geoJSON(all, {
        style: (feature) => STYLES[feature.properties.how](feature.properties.share),
        onEachFeature(feature, area) {
          const given = feature.properties;
          if (given.how === "before") return;
          const box = document.createElement("div");
          const name = document.createElement("strong");
          name.textContent = given.name;
          box.append(name);
          if (given.households !== null) box.append(document.createElement("br"), data.sayCount.replace("{n}", given.households.toLocaleString(document.documentElement.lang)));
          area.bindTooltip(box, { sticky: true });
        },
      }).addTo(map);
      const changed = L.featureGroup(layer.getLayers().filter((area) => area.feature.properties.how !== "same"));
      map.fitBounds((changed.getLayers().length ? changed : layer).getBounds(), { padding: [24, 24], maxZoom: 17 });
      const legend = L.control({ position: "bottomleft" });
      legend.onAdd = () => {
        const list = L.DomUtil.create("ul", "compare-legend");
        for (const how of ["changed", "new", "before", "same"]) {
          const line = L.DomUtil.create("li", "is-" + how, list);
          line.textContent = data["say" + how[0].toUpperCase() + how.slice(1)];
        }
        return list;
      };
      legend.addTo(map);
      const seen = new Map(layer.getLayers().filter((area) => area.feature.properties.how !== "before").map((area) => [String(area.feature.properties.key), area]));
      for (const button of document.querySelectorAll("[data-see]")) button.addEventListener("click", () => {
        const area = seen.get(button.dataset.see);
        if (!area) return;
        element.scrollIntoView({ block: "nearest" });
        map.fitBounds(area.getBounds(), { padding: [48, 48], maxZoom: 17 });
        area.openTooltip(area.getBounds().getCenter());
      });
      element.dataset.ready = "yes";
    } catch (error) {
      map.setView([30, 104], 5);
      const said = document.createElement("p");
      said.className = "banner banner-error";
      said.textContent = data.sayFault;
      element.before(said);
    }
  }
  document.querySelectorAll("[data-compare]").forEach(start);
})();
