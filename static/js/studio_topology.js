/* What the studio draws, as lines instead of polygons: every vertex once, every shared border once.
 *
 *   S.topology(areas, frame) -> { shapes, arcs, at, fixed, … }    areas: [{key, coords}], frame: MultiPolygon coordinates
 *
 * Vertices are interned by their place on the lattice (1e-7 degree); rings are lists of vertex numbers, so moving one
 * vertex moves all neighbours. An arc is a border between two junctions: {vs, left, right}, null where nobody is.
 * Nothing here is ever sent: the server knows vertices by their coordinates and judges each edit.
 */
(function () {
  "use strict";
  const S = (window.wanggeStudio = window.wanggeStudio || {});
  const LATTICE = 1e7;
  const NOBODY = null;

  S.mercator = (lon, lat) => {
    const sine = Math.sin((lat * Math.PI) / 180);
    return [lon / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
  };
  S.lonlat = (mx, my) => [(mx - 0.5) * 360, (Math.atan(Math.sinh(Math.PI * (1 - 2 * my))) * 180) / Math.PI];
  S.round = (number) => Math.round(number * LATTICE) / LATTICE;

  function corner(areas, frame) {
    let west = Infinity, south = Infinity;
    const look = (coords) => {
      for (const polygon of coords) for (const point of polygon[0]) { west = Math.min(west, point[0]); south = Math.min(south, point[1]); }
    };
    areas.forEach((area) => look(area.coords));
    look(frame || []);
    return [Math.round(west * LATTICE) - 1000, Math.round(south * LATTICE) - 1000];
  }

  function twiceArea(ring, lon, lat) {
    let sum = 0;
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      sum += (lon[ring[j]] - lon[ring[0]]) * (lat[ring[i]] - lat[ring[0]]) - (lon[ring[i]] - lon[ring[0]]) * (lat[ring[j]] - lat[ring[0]]);
    }
    return sum;
  }

  S.topology = function (areas, frame) {
    const [x0, y0] = corner(areas, frame);
    const t = { lon: [], lat: [], mx: [], my: [], shapes: new Map(), frame: [], arcs: [], fixed: new Set() };

    // Vertices by their place: an open table over whole numbers, several times as fast as a Map of names.
    let many = 0;
    const counted = (coords) => { for (const polygon of coords) for (const ring of polygon) many += ring.length; };
    areas.forEach((area) => counted(area.coords));
    counted(frame || []);
    const size = 1 << Math.max(4, Math.ceil(Math.log2(many * 1.5 + 1)));
    const slots = new Int32Array(size).fill(-1);
    const steps = []; // x and y on the lattice, one after the other
    function slot(x, y) {
      let at = (Math.imul(x, 73856093) ^ Math.imul(y, 19349663)) & (size - 1);
      while (slots[at] >= 0 && (steps[2 * slots[at]] !== x || steps[2 * slots[at] + 1] !== y)) at = (at + 1) & (size - 1);
      return at;
    }
    function add(lon, lat) {
      const [mx, my] = S.mercator(lon, lat);
      t.lon.push(lon); t.lat.push(lat); t.mx.push(mx); t.my.push(my);
      return t.lon.length - 1;
    }
    function intern(point) {
      const x = Math.round(point[0] * LATTICE) - x0, y = Math.round(point[1] * LATTICE) - y0;
      const at = slot(x, y);
      if (slots[at] < 0) { slots[at] = add(point[0], point[1]); steps.push(x, y); }
      return slots[at];
    }
    // Without the closing point, outer rings counterclockwise, holes clockwise: the area lies on the left.
    function ringOf(points, outer) {
      const ring = [];
      for (let i = 0; i < points.length - 1; i++) {
        const id = intern(points[i]);
        if (id !== ring[ring.length - 1]) ring.push(id);
      }
      if (twiceArea(ring, t.lon, t.lat) > 0 !== outer) ring.reverse();
      return ring;
    }
    const rings = (coords) => coords.map((polygon) => polygon.map((ring, index) => ringOf(ring, index === 0)));

    for (const area of areas) t.shapes.set(area.key, { key: area.key, polygons: rings(area.coords), box: null, middle: null });
    t.frame = rings(frame || []);
    t.at = (id) => [t.lon[id], t.lat[id]];

    function chain() {
      // For each vertex its neighbours, and for each of them who lies left of the way there; both lists are short.
      const all = t.lon.length;
      const around = Array.from({ length: all }, () => []);
      const lefts = Array.from({ length: all }, () => []);
      const onFrame = Array.from({ length: all }, () => null);
      const beside = (a, b) => { let at = around[a].indexOf(b); if (at < 0) { at = around[a].push(b) - 1; lefts[a].push(NOBODY); } return at; };
      for (const shape of t.shapes.values()) for (const polygon of shape.polygons) for (const ring of polygon) {
        for (let i = 0, a = ring[ring.length - 1]; i < ring.length; a = ring[i++]) {
          const at = beside(a, ring[i]);
          if (lefts[a][at] === NOBODY) lefts[a][at] = shape.key;
          beside(ring[i], a);
        }
      }
      for (const polygon of t.frame) for (const ring of polygon) {
        for (let i = 0, a = ring[ring.length - 1]; i < ring.length; a = ring[i++]) {
          (onFrame[a] || (onFrame[a] = [])).push(ring[i]);
          (onFrame[ring[i]] || (onFrame[ring[i]] = [])).push(a);
          t.fixed.add(ring[i]);
        }
      }
      const left = (a, b) => lefts[a][around[a].indexOf(b)];
      const outline = (a, b) => onFrame[a] !== null && onFrame[a].includes(b);
      // A junction: more or fewer than two borders meet, or the parties change.
      const junctions = new Uint8Array(all);
      for (let v = 0; v < all; v++) {
        if (around[v].length !== 2) { junctions[v] = 1; continue; }
        const [p, n] = around[v];
        if (left(p, v) !== left(v, n) || left(v, p) !== left(n, v) || outline(p, v) !== outline(v, n)) junctions[v] = 1;
      }
      const seen = around.map((list) => new Uint8Array(list.length));
      const mark = (a, b) => { seen[a][around[a].indexOf(b)] = 1; seen[b][around[b].indexOf(a)] = 1; };
      function follow(from, to) {
        const vs = [from];
        let a = from, b = to;
        for (;;) {
          mark(a, b);
          vs.push(b);
          if (b === from || junctions[b]) break;
          const next = around[b][0] === a ? around[b][1] : around[b][0];
          a = b; b = next;
        }
        const one = left(vs[0], vs[1]), other = left(vs[1], vs[0]);
        const kind = outline(vs[0], vs[1]) ? "frame" : one === NOBODY || other === NOBODY ? "pocket" : "grid";
        t.arcs.push({ id: t.arcs.length, vs, left: one, right: other, closed: vs[0] === vs[vs.length - 1], kind });
      }
      for (const start of [1, 0]) for (let v = 0; v < all; v++) if (junctions[v] >= start) around[v].forEach((n, at) => { if (!seen[v][at]) follow(v, n); });
    }
    chain();

    const boxOf = (lists) => {
      const box = [Infinity, Infinity, -Infinity, -Infinity];
      for (const list of lists) for (const v of list) {
        const x = t.mx[v], y = t.my[v];
        if (x < box[0]) box[0] = x;
        if (y < box[1]) box[1] = y;
        if (x > box[2]) box[2] = x;
        if (y > box[3]) box[3] = y;
      }
      return box;
    };
    t.measure = (shape) => {
      shape.box = boxOf(shape.polygons.map((polygon) => polygon[0]));
      shape.middle = middle(shape);
    };
    // Where the label stands: the centroid of the largest part.
    function middle(shape) {
      let best = shape.polygons[0][0], most = -1;
      for (const [ring] of shape.polygons) { const size = Math.abs(twiceArea(ring, t.mx, t.my)); if (size > most) { most = size; best = ring; } }
      const points = best.map((v) => [t.mx[v], t.my[v]]);
      return S.middleOf(points) || points[0];
    }
    for (const shape of t.shapes.values()) t.measure(shape);
    for (const arc of t.arcs) arc.box = boxOf([arc.vs]);
    t.remeasure = (shapes, arcs) => { shapes.forEach(t.measure); arcs.forEach((arc) => { arc.box = boxOf([arc.vs]); }); };

    t.touching = (v) => ({
      shapes: Array.from(t.shapes.values()).filter((shape) => shape.polygons.some((polygon) => polygon.some((ring) => ring.includes(v)))),
      arcs: t.arcs.filter((arc) => arc.vs.includes(v)),
    });
    t.move = (v, lon, lat) => { t.lon[v] = lon; t.lat[v] = lat; [t.mx[v], t.my[v]] = S.mercator(lon, lat); };
    // A new vertex on the segment of an arc, in every ring that runs along it.
    t.insert = (arc, index, lon, lat) => {
      const a = arc.vs[index], b = arc.vs[index + 1];
      const v = add(lon, lat);
      arc.vs.splice(index + 1, 0, v);
      for (const shape of t.shapes.values()) for (const polygon of shape.polygons) for (const ring of polygon) {
        for (let i = 0; i < ring.length; i++) {
          const next = ring[(i + 1) % ring.length];
          if ((ring[i] === a && next === b) || (ring[i] === b && next === a)) { ring.splice(i + 1, 0, v); break; }
        }
      }
      return v;
    };

    const within = (ring, mx, my) => {
      let inside = false;
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        const ay = t.my[ring[i]], by = t.my[ring[j]];
        if (ay > my !== by > my && mx < ((t.mx[ring[j]] - t.mx[ring[i]]) * (my - ay)) / (by - ay) + t.mx[ring[i]]) inside = !inside;
      }
      return inside;
    };
    t.covers = (shape, mx, my) => {
      const [w, n, e, s] = shape.box;
      if (mx < w || mx > e || my < n || my > s) return false;
      return shape.polygons.some((polygon) => polygon.reduce((inside, ring) => inside !== within(ring, mx, my), false));
    };
    t.shapeAt = (mx, my) => Array.from(t.shapes.values()).find((shape) => t.covers(shape, mx, my)) || null;
    // The nearest segment and the nearest vertex among the arcs, within `reach` (in widths of the world).
    t.nearest = (mx, my, reach, wanted) => {
      const found = { vertex: -1, away: reach, arc: null, index: -1, off: reach, foot: null };
      for (const arc of t.arcs) {
        const [w, n, e, s] = arc.box;
        if (mx < w - reach || mx > e + reach || my < n - reach || my > s + reach || (wanted && !wanted(arc))) continue;
        for (let i = 0; i < arc.vs.length; i++) {
          const v = arc.vs[i];
          const away = Math.hypot(t.mx[v] - mx, t.my[v] - my);
          if (away < found.away) { found.away = away; found.vertex = v; }
          if (i === arc.vs.length - 1) break;
          const foot = S.foot(mx, my, t.mx[v], t.my[v], t.mx[arc.vs[i + 1]], t.my[arc.vs[i + 1]]);
          const off = Math.hypot(foot[0] - mx, foot[1] - my);
          if (off < found.off) { found.off = off; found.arc = arc; found.index = i; found.foot = foot; }
        }
      }
      return found;
    };
    t.neighbours = (key) => {
      const metres = new Map();
      for (const arc of t.arcs) {
        if ((arc.left !== key && arc.right !== key) || arc.left === null || arc.right === null) continue;
        const other = arc.left === key ? arc.right : arc.left;
        let length = 0;
        for (let i = 1; i < arc.vs.length; i++) length += S.metres(t.at(arc.vs[i - 1]), t.at(arc.vs[i]));
        metres.set(other, (metres.get(other) || 0) + length);
      }
      return Array.from(metres, ([other, length]) => ({ key: other, metres: length })).sort((a, b) => b.metres - a.metres);
    };
    return t;
  };

  // The centroid of a ring of points; null where it has no area.
  S.middleOf = (ring) => {
    const [ox, oy] = ring[0];
    let twice = 0, x = 0, y = 0;
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const ax = ring[j][0] - ox, ay = ring[j][1] - oy, bx = ring[i][0] - ox, by = ring[i][1] - oy;
      const cross = ax * by - bx * ay;
      twice += cross; x += (ax + bx) * cross; y += (ay + by) * cross;
    }
    return twice ? [ox + x / (3 * twice), oy + y / (3 * twice)] : null;
  };
  // What a window [left, top, right, bottom] shows of a ring, edge by edge (Sutherland and Hodgman).
  S.clipped = (ring, window) => [0, 1, 2, 3].reduce((points, edge) => {
    const axis = edge % 2, limit = window[edge];
    const isIn = (at) => (edge < 2 ? at[axis] >= limit : at[axis] <= limit);
    const cross = (a, b) => { const part = (limit - a[axis]) / (b[axis] - a[axis]); return [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part]; };
    return points.flatMap((at, index) => {
      const before = points[(index || points.length) - 1];
      if (isIn(at)) return isIn(before) ? [at] : [cross(before, at), at];
      return isIn(before) ? [cross(before, at)] : [];
    });
  }, ring);
  // The point of a segment that is nearest to a place.
  S.foot = (x, y, ax, ay, bx, by) => {
    const dx = bx - ax, dy = by - ay;
    const square = dx * dx + dy * dy;
    const part = square ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / square)) : 0;
    return [ax + part * dx, ay + part * dy];
  };
  S.metres = (a, b) => Math.hypot((b[0] - a[0]) * Math.cos(((a[1] + b[1]) * Math.PI) / 360), b[1] - a[1]) * 111195;
})();
