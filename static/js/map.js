/* The map: own vector data on a calm ground, no tiles, nothing from outside. One per element with data-map;
 * the attributes are explained in templates/_map.html.
 *
 * Sends on its element:  map:select {code, name, kind, url}   an area was pressed (data-select="pick")
 *                        map:point {lat, lon}                  the pin was set or dragged (data-pick="point")
 * Offers on its element: wanggeMap.setPoint(lat, lon, accuracy), .select(code), .reload(), .fit(), .leaflet,
 *                        .setLoads({code: number, …}, words): colours the areas by the sums of the numbers in them,
 *                        .loadOf(code), .setMarks(marks)
 */
(function () {
  "use strict";
  const ORDER = ["district", "town", "village", "grid"];
  const GRIDS_FROM = 13;
  const LABELS_FROM = { district: 99, town: 9, village: 12, grid: 14 };
  const WORST = ["red", "yellow", "unlit", "green", "suspended", "paused", "none"];
  // Upper ends of the five steps of a load, by the largest that is drawn: round numbers that people can compare.
  const STEPS = [1, 2, 3, 4, 5, 8, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 300, 400, 500, 800, 1000, 2000, 5000, 10000];
  const COLOURS = { red: "#c6282b", yellow: "#d99a2b", unlit: "#b7c1cb" };
  const SHAPES = {
    green: '<circle cx="6" cy="6" r="5"/>',
    yellow: '<path d="M6 0.4 11.6 6 6 11.6 0.4 6Z"/>',
    red: '<path d="M6 0.6 11.7 11.2H0.3Z"/>',
    unlit: '<circle cx="6" cy="6" r="4.2" class="ring"/>',
  };
  const PIN = '<svg viewBox="0 0 34 42" aria-hidden="true"><path d="M17 1C8.2 1 1 8.1 1 16.9 1 28.4 17 41 17 41s16-12.6 16-24.1C33 8.1 25.8 1 17 1Z" fill="currentColor" stroke="#fff" stroke-width="2"/><circle cx="17" cy="17" r="6" fill="#fff"/></svg>';

  function start(element) {
    if (element.wanggeMap) return;
    const data = element.dataset;
    const map = L.map(element, {
      zoomControl: false, attributionControl: false, minZoom: 8, maxZoom: 19, zoomSnap: 0.25, preferCanvas: false,
      zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches, maxBoundsViscosity: 0.8,
      scrollWheelZoom: !element.classList.contains("map-mini"), tap: true,
    });
    L.control.zoom({ position: "topright", zoomInTitle: data.sayZoomIn, zoomOutTitle: data.sayZoomOut }).addTo(map);
    if (data.ground && window.wanggeGround) window.wanggeGround(map, data);
    const layers = {};
    for (const [index, kind] of ORDER.entries()) {
      map.createPane(kind).style.zIndex = 400 - 10 * index - 10;
      layers[kind] = L.layerGroup().addTo(map);
    }
    // Grids lie below villages, villages below towns: the heavier line wins where they meet.
    map.getPane("district").style.zIndex = 340;
    map.getPane("grid").style.zIndex = 350;
    map.getPane("village").style.zIndex = 360;
    map.getPane("town").style.zIndex = 370;
    map.createPane("names").style.zIndex = 450;
    map.getPane("names").style.pointerEvents = "none";
    const areas = new Map();
    const names = L.layerGroup().addTo(map);
    const marks = L.layerGroup().addTo(map);
    let points = [];
    let selected = data.selected || "";
    let synthetic = false;
    let cell = 46;
    let loads = null;
    let loadWords = "";
    let loadEnds = [];

    const legend = data.legend === "no" ? null : L.control({ position: "bottomleft" });
    if (legend) {
      legend.onAdd = () => L.DomUtil.create("div", "map-legend");
      legend.addTo(map);
    }

    function drawLegend() {
      if (!legend) return;
      const box = legend.getContainer();
      const scale = loads && document.createElement("div");
      if (scale) {
        scale.className = "map-loads";
        const words = document.createElement("b");
        words.textContent = loadWords;
        scale.append(words);
        [0, ...loadEnds].forEach((end, step) => {
          const item = document.createElement("span");
          const colour = document.createElement("i");
          colour.className = "load-" + step;
          const from = step === 0 ? 0 : (step === 1 ? 1 : loadEnds[step - 2] + 1);
          item.append(colour, step === 0 || from === end ? String(end) : from + "–" + end);
          scale.append(item);
        });
      }
      const list = document.createElement("ul");
      const entry = (kind, words) => {
        if (!words || !Array.from(areas.values()).some((area) => area.kind === kind)) return;
        const item = document.createElement("li");
        const line = document.createElement("span");
        line.className = "line line-" + kind;
        item.append(line, words);
        list.append(item);
      };
      entry("town", data.sayTown);
      entry("village", data.sayVillage);
      if (map.getZoom() >= GRIDS_FROM) entry("grid", data.sayGrid);
      if (data.incidents || data.marked) {
        const lights = element.querySelector("template[data-legend-lights]");
        if (lights) list.append(lights.content.cloneNode(true));
      }
      box.replaceChildren(...(scale ? [scale] : []), list);
      if (synthetic) {
        const note = document.createElement("div");
        note.className = "map-note";
        note.textContent = data.saySynthetic;
        box.append(note);
      }
    }

    function fault() {
      if (element.querySelector(".map-fault")) return;
      const box = document.createElement("div");
      box.className = "banner banner-warning map-fault";
      box.setAttribute("role", "status");
      box.textContent = data.sayFault;
      element.append(box);
    }

    async function get(url) {
      const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json();
    }

    // The kind that a press means at this zoom: the smallest that is drawn.
    function pressed() {
      const zoom = map.getZoom();
      const has = (kind) => layers[kind].getLayers().length > 0;
      if (has("grid") && zoom >= GRIDS_FROM) return "grid";
      if (has("village") && zoom >= 11.5) return "village";
      return has("town") ? "town" : has("village") ? "village" : "grid";
    }

    function addArea(feature) {
      const { kind, code, name, url } = feature.properties;
      if (!ORDER.includes(kind)) return;
      const shape = L.geoJSON(feature, {
        pane: kind, interactive: Boolean(data.select), smoothFactor: 0.5,
        style: { className: "map-area map-" + kind, weight: 2, color: "#6d8096", fillOpacity: 0 }, // the style sheet wins
      });
      const area = { kind, code: String(code), name, url, shape, bounds: shape.getBounds() };
      areas.set(area.code, area);
      if (data.select) shape.on("click", (event) => { L.DomEvent.stop(event); choose(area, true); });
      layers[kind].addLayer(shape);
    }

    function choose(area, byHand) {
      if (byHand && data.select === "link" && area.url) { location.assign(area.url); return; }
      select(area.code);
      element.dispatchEvent(new CustomEvent("map:select", { bubbles: true, detail: { code: area.code, name: area.name, kind: area.kind, url: area.url } }));
    }

    function paths(area) {
      return area.shape.getLayers().map((layer) => layer.getElement && layer.getElement()).filter(Boolean);
    }

    function select(code) {
      selected = String(code || "");
      dress();
    }

    // What is open in an area: the sum of what is open in the places whose codes begin with its own.
    function loadOf(code) {
      let sum = 0;
      for (const [place, number] of Object.entries(loads || {})) if (place.startsWith(code)) sum += number;
      return sum;
    }

    // Only the areas of the kind that is pressed at this zoom are coloured; the scale fits the fullest of them.
    function colour() {
      if (!loads) return;
      const kind = pressed();
      const drawn = Array.from(areas.values()).filter((area) => area.kind === kind);
      for (const area of drawn) area.load = loadOf(area.code);
      const most = Math.max(1, ...drawn.map((area) => area.load));
      const top = Math.max(0, STEPS.findIndex((step) => step >= most));
      const end = STEPS[top] >= most ? STEPS[top] : most;
      loadEnds = Array.from(new Set([0.08, 0.2, 0.4, 0.7, 1].map((part) => Math.max(1, Math.round(end * part)))));
      for (const area of areas.values()) {
        const step = area.kind !== kind ? -1 : (area.load ? loadEnds.findIndex((upper) => area.load <= upper) + 1 : 0);
        for (const path of paths(area)) {
          for (let n = 0; n <= 5; n++) path.classList.toggle("load-" + n, n === step);
          if (step >= 0 && data.select) path.setAttribute("aria-label", area.name + " " + area.load);
        }
      }
    }

    function setLoads(given, words) {
      loads = given;
      loadWords = words || "";
      if (areas.size) showKinds();
    }

    function dress() {
      const kind = data.select ? pressed() : null;
      for (const area of areas.values()) {
        for (const path of paths(area)) {
          // Leaflet writes its own colours as attributes; the style sheet's win, so only classes are set here.
          path.classList.toggle("can-pick", area.kind === kind);
          path.classList.toggle("is-selected", area.code === selected);
          path.style.pointerEvents = area.kind === kind ? "" : "none";
          if (area.kind === kind) {
            path.setAttribute("tabindex", "0");
            path.setAttribute("role", "button");
            path.setAttribute("aria-label", area.name);
            if (area.code === selected) path.setAttribute("aria-pressed", "true");
            else path.removeAttribute("aria-pressed");
          } else {
            for (const name of ["tabindex", "role", "aria-label", "aria-pressed"]) path.removeAttribute(name);
          }
        }
      }
    }

    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      for (const area of areas.values()) {
        if (paths(area).includes(event.target)) { event.preventDefault(); choose(area, true); return; }
      }
    });

    function showKinds() {
      const zoom = map.getZoom();
      const all = areas.size < 60; // a single village shows its grids at any zoom
      const near = { grid: zoom >= GRIDS_FROM || all, village: zoom >= 10 || all };
      for (const kind of ["grid", "village"]) {
        if (near[kind] && !map.hasLayer(layers[kind])) layers[kind].addTo(map);
        if (!near[kind] && map.hasLayer(layers[kind])) layers[kind].remove();
      }
      drawNames();
      dress();
      colour();
      drawLegend();
    }

    // A name is written only where its area is wider than the words; bigger areas go first, none on top of another.
    function drawNames() {
      names.clearLayers();
      const zoom = map.getZoom();
      const view = map.getBounds().pad(0.1);
      const taken = [];
      const drawn = [];
      marks.eachLayer((mark) => {
        const at = map.latLngToLayerPoint(mark.getLatLng());
        const half = mark.options.icon.options.iconSize[0] / 2 - 2;
        drawn.push({ left: at.x - half, right: at.x + half, top: at.y - half, bottom: at.y + half });
      });
      for (const kind of ORDER) {
        // The one area that holds all others says its name in the page's title.
        const alone = layers[kind].getLayers().length === 1 && ORDER.slice(ORDER.indexOf(kind) + 1).some((lower) => layers[lower].getLayers().length);
        if (alone || !map.hasLayer(layers[kind]) || (zoom < LABELS_FROM[kind] && areas.size >= 60)) continue;
        for (const area of areas.values()) {
          if (area.kind !== kind || kind === "district" || !view.intersects(area.bounds)) continue;
          const at = map.latLngToLayerPoint(middle(area));
          const size = (kind === "town" ? 14 : 12.5) * 0.5;
          const wide = [...String(area.name)].reduce((sum, letter) => sum + (letter.charCodeAt(0) > 255 ? 2 : 1.15), 0) * size;
          const corner = map.latLngToLayerPoint(area.bounds.getNorthWest());
          const other = map.latLngToLayerPoint(area.bounds.getSouthEast());
          if (wide > (other.x - corner.x) * 0.9 || other.y - corner.y < 18) continue;
          const box = (by) => ({ left: at.x - wide / 2 - 3, right: at.x + wide / 2 + 3, top: at.y + by - 9, bottom: at.y + by + 9 });
          const hits = (a, b) => b.left < a.right && b.right > a.left && b.top < a.bottom && b.bottom > a.top;
          // A name gives way to the marks by a line, if it has the room.
          const by = [0, 18, -18].find((shift) => !drawn.some((mark) => hits(box(shift), mark))) || 0;
          if (taken.some((other) => hits(box(by), other))) continue;
          taken.push(box(by));
          const icon = L.divIcon({ className: "", iconSize: [0, 0], html: "" });
          const label = L.marker(map.layerPointToLatLng(at.add([0, by])), { icon, pane: "names", interactive: false, keyboard: false });
          names.addLayer(label);
          const span = document.createElement("span");
          span.className = "map-label map-label-" + kind;
          span.textContent = area.name;
          label.getElement().append(span);
          label.getElement().setAttribute("aria-hidden", "true");
        }
      }
    }

    // The centroid of the largest ring; of a hollow shape it may fall outside, which costs a label nothing.
    function middle(area) {
      if (area.middle) return area.middle;
      let best = null;
      let most = -1;
      for (const layer of area.shape.getLayers()) {
        const rings = layer.getLatLngs();
        const outer = Array.isArray(rings[0][0]) ? rings.map((polygon) => polygon[0]) : [rings[0]];
        for (const ring of outer) {
          let twice = 0, x = 0, y = 0;
          ring.forEach((a, index) => {
            const b = ring[(index + 1) % ring.length];
            const cross = (a.lng - ring[0].lng) * (b.lat - ring[0].lat) - (b.lng - ring[0].lng) * (a.lat - ring[0].lat);
            twice += cross;
            x += (a.lng + b.lng - 2 * ring[0].lng) * cross;
            y += (a.lat + b.lat - 2 * ring[0].lat) * cross;
          });
          if (Math.abs(twice) > most && twice !== 0) {
            most = Math.abs(twice);
            best = L.latLng(ring[0].lat + y / (3 * twice), ring[0].lng + x / (3 * twice));
          }
        }
      }
      area.middle = best || area.bounds.getCenter();
      return area.middle;
    }

    // Marks: alone a light's shape, together a ring split by light.
    function drawMarks() {
      marks.clearLayers();
      const cells = new Map();
      const view = map.getBounds().pad(0.2);
      for (const point of points) {
        if (!view.contains(point.at)) continue;
        const pixel = map.project(point.at);
        const size = map.getZoom() >= 16 ? 1 : cell;
        const key = Math.floor(pixel.x / size) + ":" + Math.floor(pixel.y / size);
        if (!cells.has(key)) cells.set(key, []);
        cells.get(key).push(point);
      }
      for (const group of cells.values()) marks.addLayer(group.length === 1 && !group[0].count ? single(group[0]) : cluster(group));
    }

    function single(point) {
      const light = SHAPES[point.light] ? point.light : "unlit";
      const html = '<span class="map-mark light-' + light + '"><svg class="light-shape" viewBox="0 0 12 12" aria-hidden="true">' + SHAPES[light] + "</svg></span>";
      const icon = L.divIcon({ className: "", iconSize: [24, 24], html });
      const leads = Boolean(point.url);
      const mark = L.marker(point.at, { icon, interactive: leads, keyboard: leads, title: point.title, alt: point.title || "", zIndexOffset: 1000 - 100 * WORST.indexOf(light) });
      mark.on("add", () => { const place = mark.getElement(); if (place && point.title) place.setAttribute("aria-label", point.title); });
      mark.on("click", () => { if (point.url) location.assign(point.url); });
      return mark;
    }

    // The middle of a group, each member drawing by how many it stands for.
    function heart(group) {
      let all = 0, lat = 0, lng = 0;
      for (const point of group) { const n = point.count || 1; all += n; lat += n * point.at.lat; lng += n * point.at.lng; }
      return L.latLng(lat / all, lng / all);
    }

    function cluster(group) {
      const sums = { red: 0, yellow: 0, unlit: 0 };
      let total = 0;
      for (const point of group) {
        for (const light of Object.keys(sums)) sums[light] += point.count ? Number(point[light] || 0) : Number(point.light === light);
        total += point.count || 1;
      }
      sums.unlit = total - sums.red - sums.yellow;
      const round = 2 * Math.PI * 15;
      let at = 0;
      const arcs = Object.entries(sums).filter(([, n]) => n).map(([light, n]) => {
        const part = (n / total) * round;
        const arc = '<circle class="arc-' + light + '" cx="19" cy="19" r="15" fill="none" stroke="' + COLOURS[light] + '" stroke-width="6" stroke-dasharray="' + part.toFixed(2) + " " + (round - part).toFixed(2) + '" stroke-dashoffset="' + (-at).toFixed(2) + '"/>';
        at += part;
        return arc;
      });
      const html = '<span class="map-cluster"><svg viewBox="0 0 38 38" aria-hidden="true"><circle class="arc-ground" cx="19" cy="19" r="18" fill="#fff"/>' + arcs.join("") + "</svg><b>" + Number(total) + "</b></span>";
      const mark = L.marker(heart(group), { icon: L.divIcon({ className: "", iconSize: [38, 38], html }), title: String(total), alt: String(total) });
      mark.on("click", () => {
        if (group.length > 1) map.fitBounds(L.latLngBounds(group.map((point) => point.at)), { maxZoom: 17, padding: [40, 40] });
        else map.setView(mark.getLatLng(), map.getZoom() + 2);
      });
      return mark;
    }

    // The pin of a report: a press, a drag, or the position of the phone.
    let pin = null;
    let ring = null;
    function setPoint(lat, lon, accuracy, byHand) {
      const at = L.latLng(lat, lon);
      if (!pin) {
        const icon = L.divIcon({ className: "map-pin", iconSize: [34, 42], iconAnchor: [17, 41], html: PIN });
        pin = L.marker(at, { icon, draggable: data.pick === "point", autoPan: true, title: data.sayPin, alt: data.sayPin, keyboard: true }).addTo(map);
        pin.on("dragend", () => setPoint(pin.getLatLng().lat, pin.getLatLng().lng, 0, true));
      }
      pin.setLatLng(at);
      if (ring) { ring.remove(); ring = null; }
      if (accuracy > 0) ring = L.circle(at, { radius: accuracy, className: "map-accuracy", interactive: false }).addTo(map);
      for (const [id, value] of [[data.lat, at.lat], [data.lon, at.lng]]) {
        const field = id && document.getElementById(id);
        if (field) field.value = value.toFixed(7);
      }
      if (!byHand) map.setView(at, Math.max(map.getZoom() || 0, 15));
      else element.dispatchEvent(new CustomEvent("map:point", { bubbles: true, detail: { lat: at.lat, lon: at.lng } }));
    }
    if (data.pick === "point") {
      map.on("click", (event) => setPoint(event.latlng.lat, event.latlng.lng, 0, true));
      // By keyboard: arrows move the map, Enter sets the pin into its middle.
      element.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && event.target === element) { const at = map.getCenter(); setPoint(at.lat, at.lng, 0, true); }
      });
    }

    function fit() {
      if (data.point) return;
      if (data.center) {
        const [lat, lon] = data.center.split(",").map(Number);
        map.setView([lat, lon], Number(data.zoom || 12));
        return;
      }
      const chosen = areas.get(selected);
      const all = L.latLngBounds([]);
      for (const area of areas.values()) all.extend(area.bounds);
      const wanted = chosen && chosen.kind !== "district" ? chosen.bounds : all;
      if (wanted.isValid()) map.fitBounds(wanted, { paddingTopLeft: [12, 12], paddingBottomRight: [12, legend ? 60 : 12], animate: false });
      else map.setView([29.41, 103.55], 11);
      if (all.isValid()) map.setMaxBounds(all.pad(0.6));
    }

    async function load() {
      try {
        if (data.areas) {
          const answer = await get(data.areas);
          synthetic = Boolean(answer.synthetic) || answer.features.some((feature) => feature.properties.synthetic);
          areas.clear();
          for (const kind of ORDER) layers[kind].clearLayers();
          answer.features.forEach(addArea);
          // Without the district the widest areas drawn are the pale ground.
          const widest = ORDER.find((kind) => layers[kind].getLayers().length);
          const ground = widest === "district" ? [] : answer.features.filter((feature) => feature.properties.kind === widest);
          layers.district.addLayer(L.geoJSON(ground, { pane: "district", interactive: false, style: { className: "map-ground", weight: 0, fillOpacity: 1 } }));
        }
        fit();
        await loadMarks();
      } catch (error) {
        if (!map._loaded) fit();
        fault();
      }
      showKinds();
    }

    async function loadMarks() {
      if (!data.incidents) return;
      const answer = await get(data.incidents);
      data.clustered = answer.clustered ? "yes" : ""; // clusters are of the view that was asked for
      points = answer.features.map((feature) => {
        const [lon, lat] = feature.geometry.coordinates;
        return Object.assign({}, feature.properties, { at: L.latLng(lat, lon) });
      });
      drawMarks();
      drawNames();
    }

    // Marks that came with the page: [{at: [lon, lat], light}] or [{at, count, red, yellow}].
    function setMarks(given) {
      data.marked = "yes";
      cell = 72; // nobody zooms in on a wall
      points = given.map((mark) => Object.assign({}, mark, { at: L.latLng(mark.at[1], mark.at[0]) }));
      drawMarks();
      drawNames();
    }

    map.on("zoomend", showKinds);
    map.on("moveend", () => { drawMarks(); drawNames(); });
    element.wanggeMap = {
      leaflet: map, select, fit, setPoint, setLoads, setMarks, loadOf,
      reload: () => loadMarks().catch(fault),
    };
    if (data.point) {
      const [lat, lon] = data.point.split(",").map(Number);
      map.setView([lat, lon], Number(data.zoom || 15));
      setPoint(lat, lon, Number(data.accuracy || 0));
    } else {
      map.setView([29.41, 103.55], 11);
    }
    load();
    new ResizeObserver(() => map.invalidateSize()).observe(element);
  }

  function begin() { document.querySelectorAll("[data-map]").forEach(start); }
  document.addEventListener("htmx:load", (event) => {
    if (event.detail.elt.querySelectorAll) event.detail.elt.querySelectorAll("[data-map]").forEach(start);
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
