/* One canvas for a whole coverage: fills by deviation, borders, faults hatched, labels; and one above it for what moves.
 *
 *   const layer = new S.CoverageLayer({ see: () => ({ topo, areas, faults, … }) }).addTo(map)
 *   layer.draw()      all of it, in the next frame       layer.lift(shapes, arcs)   these move now: only they are drawn again
 *   layer.drawLive()  what moves, in the next frame      layer.lower()              nothing moves any more
 *   layer.overlay = (pen, put) => …   what a tool shows on top (lines being drawn, lassos, snaps); put(mx, my) -> pixels
 *
 * It is a Leaflet renderer without layers of its own: Leaflet keeps its place through panning and zooming.
 */
(function () {
  "use strict";
  const S = (window.wanggeStudio = window.wanggeStudio || {});
  // Too few households are blue, too many violet: the colours of the lights mean something else.
  const FEW = ["#d6e6f5", "#a9cbea", "#6fa6d8", "#3d7fbd"];
  const MANY = ["#eadff2", "#d0b8e2", "#ae89cb", "#875bab"];
  const FIT = "#fdf7e3";
  const UNKNOWN = "#ffffff";
  const INK = "#1c2733";
  const PRIMARY = "#1d5fa8";
  const FAULT = "#7d2248";
  const FONT = 'px system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';

  S.COLOURS = { few: FEW, many: MANY, fit: FIT, unknown: UNKNOWN, primary: PRIMARY, fault: FAULT, ink: INK };
  // Four steps on either side of the tolerance, the last for twice the tolerance and a half more.
  S.colourOf = (area, tolerance) => {
    if (!area || area.deviation === null || area.deviation === undefined) return UNKNOWN;
    const over = Math.abs(area.deviation) * 100;
    if (over <= tolerance / 2) return FIT;
    const step = over <= tolerance ? 0 : over <= tolerance * 1.5 ? 1 : over <= tolerance * 2.5 ? 2 : 3;
    return area.deviation < 0 ? FEW[step] : MANY[step];
  };

  S.CoverageLayer = L.Renderer.extend({
    options: { padding: 0.3, pane: "overlayPane", see: null },

    _initContainer() {
      const box = (this._container = L.DomUtil.create("div", "studio-canvas"));
      this._base = L.DomUtil.create("canvas", "", box);
      this._live = L.DomUtil.create("canvas", "", box);
      this._pens = [this._base.getContext("2d"), this._live.getContext("2d")];
      this._lifted = null;
    },
    _destroyContainer() { cancelAnimationFrame(this._frame); cancelAnimationFrame(this._liveFrame); this._container.remove(); delete this._container; },
    _updatePaths() {},
    _update() {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      const size = this._bounds.getSize();
      const sharp = Math.min(2, window.devicePixelRatio || 1);
      L.DomUtil.setPosition(this._container, this._bounds.min);
      this._container.style.width = size.x + "px";
      this._container.style.height = size.y + "px";
      for (const [index, canvas] of [this._base, this._live].entries()) {
        canvas.width = sharp * size.x; canvas.height = sharp * size.y;
        canvas.style.width = size.x + "px"; canvas.style.height = size.y + "px";
        this._pens[index].setTransform(sharp, 0, 0, sharp, 0, 0);
      }
      const scale = 256 * Math.pow(2, this._map.getZoom());
      const origin = this._map.getPixelOrigin();
      this._scale = scale;
      this._dx = -origin.x - this._bounds.min.x;
      this._dy = -origin.y - this._bounds.min.y;
      this._view = [-this._dx / scale, -this._dy / scale, (size.x - this._dx) / scale, (size.y - this._dy) / scale];
      this._size = size;
      this.paint();
      this.paintLive();
      this.fire("painted");
    },
    draw() { cancelAnimationFrame(this._frame); this._frame = requestAnimationFrame(() => { if (this._map) { this.paint(); this.paintLive(); } }); },
    drawLive() { cancelAnimationFrame(this._liveFrame); this._liveFrame = requestAnimationFrame(() => { if (this._map) this.paintLive(); }); },
    lift(shapes, arcs) { this._lifted = { shapes: new Set(shapes), arcs: new Set(arcs) }; this.paint(); this.paintLive(); },
    lower() { this._lifted = null; this.draw(); },

    _seen(box) { const v = this._view; return box[0] <= v[2] && box[2] >= v[0] && box[1] <= v[3] && box[3] >= v[1]; },
    // Vertices closer than most of a pixel to the last one are left out.
    _trace(pen, topo, list, close) {
      const { _scale: k, _dx: dx, _dy: dy } = this;
      let x = topo.mx[list[0]] * k + dx, y = topo.my[list[0]] * k + dy;
      pen.moveTo(x, y);
      const last = list.length - 1;
      for (let i = 1; i <= last; i++) {
        const px = topo.mx[list[i]] * k + dx, py = topo.my[list[i]] * k + dy;
        if (i < last && Math.abs(px - x) + Math.abs(py - y) < 0.9) continue;
        pen.lineTo(px, py);
        x = px; y = py;
      }
      if (close) pen.closePath();
    },
    _fill(pen, topo, shape, colour) {
      pen.beginPath();
      for (const polygon of shape.polygons) for (const ring of polygon) this._trace(pen, topo, ring, true);
      pen.fillStyle = colour;
      pen.fill("evenodd");
    },
    _stroke(pen, topo, arcs, colour, width, dash) {
      pen.beginPath();
      for (const arc of arcs) this._trace(pen, topo, arc.vs, false);
      pen.strokeStyle = colour; pen.lineWidth = width; pen.lineJoin = "round"; pen.lineCap = "round";
      pen.setLineDash(dash || []);
      pen.stroke();
      pen.setLineDash([]);
    },
    _borders(pen, seen, arcs) {
      const { topo, areas, plain } = seen;
      const village = (key) => (areas.get(key) || {}).village;
      const kinds = { grid: [], village: [], frame: [], pocket: [] };
      for (const arc of arcs) {
        const kind = arc.kind === "grid" && village(arc.left) !== village(arc.right) ? "village" : arc.kind;
        kinds[kind].push(arc);
      }
      const near = this._map.getZoom() >= 15;
      this._stroke(pen, topo, kinds.grid, plain ? "#7f6a3f" : "#7b8b9b", near ? 1.5 : 0.9);
      this._stroke(pen, topo, kinds.village, plain ? "#7f6a3f" : "#4c5f73", near ? 2.4 : 1.7);
      this._stroke(pen, topo, kinds.pocket, FAULT, 1.8);
      this._stroke(pen, topo, kinds.frame, "#33465a", near ? 3 : 2.4);
    },

    paint() {
      const pen = this._pens[0];
      const seen = this.options.see();
      pen.clearRect(0, 0, this._size.x, this._size.y);
      if (!seen || !seen.topo) return;
      const { topo, areas } = seen;
      const lifted = this._lifted;
      const shapes = Array.from(topo.shapes.values()).filter((shape) => this._seen(shape.box) && !(lifted && lifted.shapes.has(shape)));
      // What the frame holds and no area covers lies open: the ground below says that nobody is there.
      pen.beginPath();
      for (const polygon of topo.frame) for (const ring of polygon) this._trace(pen, topo, ring, true);
      pen.fillStyle = lifted ? FIT : "#f3e3ea";
      pen.fill("evenodd");
      for (const shape of shapes) this._fill(pen, topo, shape, seen.plain ? "#ffffff" : S.colourOf(areas.get(shape.key), seen.tolerance));
      if (seen.ground) this._ground(pen, seen.ground);
      this._borders(pen, seen, topo.arcs.filter((arc) => this._seen(arc.box) && !(lifted && lifted.arcs.has(arc))));
      this._faults(pen, seen.faults || [], seen.fault);
      for (const key of seen.chosen || []) {
        const shape = topo.shapes.get(key);
        if (shape && !(lifted && lifted.shapes.has(shape))) this._outline(pen, topo, shape);
      }
      if (seen.arc && !lifted) { this._stroke(pen, topo, [seen.arc], "#ffffff", 6.5); this._stroke(pen, topo, [seen.arc], PRIMARY, 3.5); }
      this._labels(pen, seen, shapes);
    },
    paintLive() {
      const pen = this._pens[1];
      const seen = this.options.see();
      pen.clearRect(0, 0, this._size.x, this._size.y);
      if (!seen || !seen.topo) return;
      if (this._lifted) {
        const { shapes, arcs } = this._lifted;
        for (const shape of shapes) this._fill(pen, seen.topo, shape, S.colourOf(seen.areas.get(shape.key), seen.tolerance));
        this._borders(pen, seen, Array.from(arcs));
        if (seen.arc) { this._stroke(pen, seen.topo, [seen.arc], "#ffffff", 6.5); this._stroke(pen, seen.topo, [seen.arc], PRIMARY, 3.5); }
      }
      if (this.overlay) this.overlay(pen, (mx, my) => [mx * this._scale + this._dx, my * this._scale + this._dy]);
    },
    _outline(pen, topo, shape) {
      pen.beginPath();
      for (const polygon of shape.polygons) for (const ring of polygon) this._trace(pen, topo, ring, true);
      pen.fillStyle = "rgba(29, 95, 168, 0.13)";
      pen.fill("evenodd");
      pen.strokeStyle = PRIMARY; pen.lineWidth = 3; pen.lineJoin = "round";
      pen.stroke();
    },
    _ground(pen, ground) {
      const { _scale: k, _dx: dx, _dy: dy } = this;
      for (const line of ground.lines) {
        const look = { river: ["#9cc3dd", 3], railway: ["#9aa3ad", 1.6], main_road: ["#d3d9df", 4], road: ["#dde2e7", 2.6], ridge: ["#c9c4ae", 1.6] }[line.kind] || ["#e2e6ea", 1.8];
        pen.beginPath();
        for (const part of line.parts) part.forEach((at, index) => pen[index ? "lineTo" : "moveTo"](at[0] * k + dx, at[1] * k + dy));
        pen.strokeStyle = look[0]; pen.lineWidth = look[1];
        pen.setLineDash(line.kind === "ridge" || line.kind === "railway" ? [6, 4] : []);
        pen.stroke();
      }
      pen.setLineDash([]);
      pen.fillStyle = "rgba(92, 107, 122, 0.75)";
      const size = this._map.getZoom() >= 17 ? 3 : 2;
      pen.beginPath();
      for (const each of ground.dwellings) {
        const x = each.mx * k + dx, y = each.my * k + dy;
        if (x < 0 || y < 0 || x > this._size.x || y > this._size.y) continue;
        pen.moveTo(x + size, y);
        pen.arc(x, y, size, 0, 7);
      }
      pen.fill();
    },
    _hatch(pen) {
      if (!this._pattern) {
        const tile = document.createElement("canvas");
        tile.width = tile.height = 8;
        const ink = tile.getContext("2d");
        ink.fillStyle = "rgba(125, 34, 72, 0.14)"; ink.fillRect(0, 0, 8, 8);
        ink.strokeStyle = FAULT; ink.lineWidth = 1.4;
        ink.beginPath(); ink.moveTo(-2, 6); ink.lineTo(2, 10); ink.moveTo(-2, -2); ink.lineTo(10, 10); ink.moveTo(6, -2); ink.lineTo(10, 2); ink.stroke();
        this._pattern = pen.createPattern(tile, "repeat");
      }
      return this._pattern;
    },
    // What lies on no place is in the list alone. Rings that would cover each other are drawn once; the chosen one is on top.
    _faults(pen, faults, chosen) {
      const taken = new Set();
      let last = null;
      for (const fault of faults) {
        if (fault.id === chosen) last = fault;
        else if (!fault.onPaper && fault.at && this._seen(fault.box)) this._fault(pen, fault, false, taken);
      }
      if (last && last.at) this._fault(pen, last, true, taken);
    },
    // Small faults would not be seen: they wear a ring.
    _fault(pen, fault, chosen, taken) {
      const { _scale: k, _dx: dx, _dy: dy } = this;
      const x = fault.mx * k + dx, y = fault.my * k + dy;
      let wide = 0;
      if (fault.rings && fault.rings.length) {
        pen.beginPath();
        for (const ring of fault.rings) ring.forEach((at, index) => {
          const px = at[0] * k + dx, py = at[1] * k + dy;
          wide = Math.max(wide, Math.abs(px - x), Math.abs(py - y));
          pen[index ? "lineTo" : "moveTo"](px, py);
        });
        pen.fillStyle = this._hatch(pen);
        pen.fill("evenodd");
        pen.strokeStyle = FAULT; pen.lineWidth = chosen ? 3 : 1.2;
        pen.stroke();
      }
      if (wide > (chosen ? 24 : 9)) return;
      const cell = Math.round(x / 9) + ":" + Math.round(y / 9);
      if (taken.has(cell) && !chosen) return;
      taken.add(cell);
      pen.beginPath();
      pen.arc(x, y, chosen ? Math.max(14, wide + 6) : 7, 0, 7);
      pen.strokeStyle = "#ffffff"; pen.lineWidth = chosen ? 5 : 4; pen.stroke();
      pen.strokeStyle = FAULT; pen.lineWidth = chosen ? 3 : 2; pen.stroke();
    },
    // Where the name of an area stands, and how much room it has: in the middle, or in what is seen of it.
    _room(topo, shape) {
      const { _scale: k, _dx: dx, _dy: dy } = this;
      const put = ([mx, my]) => [mx * k + dx, my * k + dy];
      const size = this._map.getSize();
      const [left, top] = [(this._size.x - size.x) / 2, (this._size.y - size.y) / 2];
      const screen = [left + (S.isWide() ? 100 : 0), top, left + size.x, top + size.y]; // not below the tools
      const [x, y] = put(shape.middle);
      const [w, n, e, s] = [...put(shape.box), ...put(shape.box.slice(2))];
      if ((x > screen[0] && x < screen[2] && y > screen[1] && y < screen[3]) || e - w < 80) return { x, y, width: e - w, height: s - n };
      const seen = S.clipped(shape.polygons[0][0].map((v) => put([topo.mx[v], topo.my[v]])), screen);
      if (seen.length < 3) return null;
      const xs = seen.map((at) => at[0]), ys = seen.map((at) => at[1]);
      const box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
      const middle = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
      const at = S.middleOf(seen) || middle;
      return { x: at[0], y: at[1], width: box[2] - box[0], height: box[3] - box[1] };
    },
    // A name is written only where its area is wider than the words, and over no other name; below it how many households.
    _labels(pen, seen, shapes) {
      const written = [];
      const isFree = (box) => !written.some((each) => box[0] < each[2] && box[2] > each[0] && box[1] < each[3] && box[3] > each[1]);
      const wide = (words, weight) => { pen.font = weight + FONT; return pen.measureText(words).width; };
      const span = (shape) => (shape.box[2] - shape.box[0]) * (shape.box[3] - shape.box[1]);
      pen.textAlign = "center"; pen.textBaseline = "middle"; pen.lineJoin = "round";
      for (const shape of shapes.slice().sort((a, b) => span(b) - span(a))) {
        const area = seen.areas.get(shape.key);
        const room = area && (shape.box[2] - shape.box[0]) * this._scale >= 34 ? this._room(seen.topo, shape) : null;
        if (!room || room.width < 34 || room.height < 20) continue;
        const known = room.height > 44 && area.households !== null && area.households !== undefined ? seen.count(area) : "";
        const count = known && wide(known, "11") < room.width * 0.78 ? known : "";
        const tall = count ? 15 : 8;
        const boxOf = (words) => { const half = Math.max(wide(words, "500 12"), count ? wide(count, "11") : 0) / 2; return [room.x - half, room.y - tall, room.x + half, room.y + tall]; };
        const name = seen.label(area);
        const forms = [name, name.replace(/第?(\d+)网格$/, "$1"), (name.match(/\d+(?=\D{0,4}$)/) || [""])[0]];
        const words = forms.find((form) => form && wide(form, "500 12") < room.width * 0.8 && isFree(boxOf(form)));
        if (!words) continue;
        written.push(boxOf(words));
        this._write(pen, words, INK, "500 12", room.x, room.y - (count ? 7.5 : 0));
        if (count) this._write(pen, count, "#46556a", "11", room.x, room.y + 7.5);
      }
    },
    _write(pen, words, ink, weight, x, y) {
      pen.font = weight + FONT;
      pen.strokeStyle = "rgba(255, 255, 255, 0.85)"; pen.lineWidth = 3;
      pen.strokeText(words, x, y);
      pen.fillStyle = ink;
      pen.fillText(words, x, y);
    },
  });
})();
