/* Outlines as vector tiles, for a map with more areas than can be sent at once. On an element with data-onemap:
 *
 *   data-tiles   addresses of tiles with {z}, {x}, {y}, one per scope, blanks between
 *
 * Draws what map.js draws from GeoJSON, in the same classes; a press sends the same event map:select on the map's element.
 */
(function () {
  "use strict";
  const FINEST = { village: 11, grid: 13 };
  const PRESSED = [["grid", 13], ["village", 11], ["town", 0]];
  const LETTER = { town: 14, village: 12.5, grid: 12.5 };

  function pressed(zoom) { return PRESSED.find(([, from]) => zoom >= from)[0]; }

  function wide(name, size) {
    return Array.from(name).reduce((sum, letter) => sum + (letter.charCodeAt(0) > 255 ? 2 : 1.15), 0) * size * 0.5;
  }

  // A name inside its area, drawn only where the area is wider than the words.
  function nameLayer(feature, layerName, pixels, options) {
    const layer = window.VectorTileLayer.featureLayerBase(feature, layerName, pixels, options);
    const at = layer.scalePoint(feature.loadGeometry()[0][0]);
    layer.graphics = L.SVG.create("text");
    layer.graphics.setAttribute("x", at.x);
    layer.graphics.setAttribute("y", at.y);
    layer.graphics.setAttribute("class", "tile-label tile-label-" + feature.properties.kind);
    layer.graphics.textContent = feature.properties.name;
    layer.setStyle = () => {};
    return layer;
  }

  function start(page) {
    const element = page.querySelector("[data-map]");
    if (!element || !element.wanggeMap) { setTimeout(() => start(page), 50); return; }
    const map = element.wanggeMap.leaflet;
    let selected = element.dataset.selected || "";
    let layers = [];

    function style(feature) {
      const { kind, code } = feature.properties;
      const lead = pressed(Math.round(map.getZoom()));
      return {
        className: "map-area map-" + kind + (kind === lead ? " can-pick" : "") + (code === selected ? " is-selected" : ""),
        interactive: kind === lead, fill: true, fillOpacity: 0, weight: 2, color: "#6d8096",
      };
    }

    function open(event) {
      const { code, name, kind } = event.layer.properties;
      selected = code;
      for (const layer of layers) layer.setStyle(style);
      element.dispatchEvent(new CustomEvent("map:select", { bubbles: true, detail: { code, name, kind } }));
    }

    const shared = { minZoom: 8, maxZoom: 19, maxDetailZoom: 16 };
    layers = page.dataset.tiles.split(" ").map((url) => {
      const layer = window.VectorTileLayer(url, Object.assign({
        style, pane: "grid", filter: (feature, layerName) => !layerName.startsWith("names_") && feature.properties.kind !== "district",
      }, shared));
      layer.on("click", open);
      // Names reach over the edges of their tiles, areas must not: their cut edges would be drawn.
      window.VectorTileLayer(url, Object.assign({
        className: "tile-names", pane: "names", style: { interactive: false }, featureToLayer: nameLayer,
        filter: (feature, layerName) => {
          const { kind, name, width } = feature.properties;
          return layerName.startsWith("names_") && kind in LETTER && Math.round(map.getZoom()) >= (FINEST[kind] || 9) && wide(name, LETTER[kind]) < width * 0.9;
        },
      }, shared)).addTo(map);
      return layer.addTo(map);
    });
  }

  function all() { document.querySelectorAll("[data-onemap][data-tiles]").forEach(start); }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
  else all();
})();
