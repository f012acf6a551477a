/* The ground under the outlines, where an installation has one. Called by map.js with the map and its element:
 *
 *   data-ground        "tiles" or "archive" (one file of pictures)
 *   data-ground-urls   addresses from the lowest layer to the highest, blanks between
 *   data-ground-words  whose map it is; always shown
 *   data-ground-zoom   the furthest zoom there are pictures for
 */
(function () {
  "use strict";
  window.wanggeGround = function (map, data) {
    if (!data.ground) return;
    map.createPane("ground").style.zIndex = 150;
    for (const url of data.groundUrls.split(" ")) {
      const options = { pane: "ground", maxNativeZoom: Number(data.groundZoom), maxZoom: 22 };
      const layer = data.ground === "archive" ? window.pmtiles.leafletRasterLayer(new window.pmtiles.PMTiles(url), options) : L.tileLayer(url, options);
      layer.addTo(map);
    }
    map.getContainer().classList.add("has-ground");
    if (data.groundWords) L.control.attribution({ prefix: false, position: "bottomright" }).addAttribution(new Option(data.groundWords).innerHTML).addTo(map);
  };
})();
