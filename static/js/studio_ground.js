/* What lies on the ground: dwellings as light points, streets and rivers to draw along. Asked for when zoomed in.
 */
(function () {
  "use strict";
  const S = (window.wanggeStudio = window.wanggeStudio || {});
  const FROM = 14.5;
  S.ground = null;
  let have = null;
  let asking = null;

  const parts = (coords) => (!coords.length ? [] : typeof coords[0][0] === "number" ? [coords.map((point) => S.mercator(point[0], point[1]))] : coords.flatMap(parts));

  const boxWords = (bounds) => [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()].map((each) => each.toFixed(6)).join(",");
  async function fetchGround(bounds) {
    const answer = await S.ask(S.urls.ground + "?bbox=" + boxWords(bounds));
    return {
      dwellings: answer.dwellings.map(([id, lon, lat, households]) => { const [mx, my] = S.mercator(lon, lat); return { id, mx, my, households }; }),
      lines: answer.lines.map((line) => ({ kind: line.kind, name: line.name, parts: parts(line.coords) })),
    };
  }
  S.loadGround = async function () {
    if (!S.map || !S.state) return;
    if (S.map.getZoom() < FROM) { S.ground = null; have = null; S.layer.draw(); return; }
    const view = S.map.getBounds();
    if (have && have.contains(view)) return;
    const wanted = view.pad(0.5);
    const asked = (asking = {});
    try {
      const ground = await fetchGround(wanted);
      if (asking !== asked) return;
      have = wanted;
      S.ground = ground;
      S.layer.draw();
    } catch (error) { if (asking === asked) S.failed(error); }
  };

  // The ground that goes along with each dwelling or compound: what a press with the paint gives away.
  S.cells = [];
  let askingCells = null;
  S.loadCells = async function () {
    const asked = (askingCells = {});
    if (S.map.getZoom() < FROM + 0.5) { S.cells = []; S.layer.drawLive(); return; }
    try {
      const answer = await S.ask(S.urls.cells + "?bbox=" + boxWords(S.map.getBounds().pad(0.1)));
      if (askingCells !== asked) return;
      S.cells = answer.cells.map((cell) => ({ id: cell.id, key: cell.key, rings: parts(cell.coords) }));
      S.layer.drawLive();
    } catch (error) { if (askingCells === asked) S.failed(error); }
  };
  S.cellAt = (mx, my) => S.cells.find((cell) => S.withinRings(cell.rings, mx, my)) || null;
  S.withinRings = (rings, mx, my) => rings.reduce((odd, ring) => {
    let hit = false;
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [ax, ay] = ring[i], [bx, by] = ring[j];
      if (ay > my !== by > my && mx < ((bx - ax) * (my - ay)) / (by - ay) + ax) hit = !hit;
    }
    return odd !== hit;
  }, false);

  // The point of a street or river nearest to a place, if within reach.
  S.nearestGround = function (mx, my, reach) {
    let best = null, least = reach;
    for (const line of (S.ground || { lines: [] }).lines) for (const part of line.parts) {
      for (let i = 1; i < part.length; i++) {
        const [ax, ay] = part[i - 1], [bx, by] = part[i];
        if (mx < Math.min(ax, bx) - reach || mx > Math.max(ax, bx) + reach || my < Math.min(ay, by) - reach || my > Math.max(ay, by) + reach) continue;
        const foot = S.foot(mx, my, ax, ay, bx, by);
        const off = Math.hypot(foot[0] - mx, foot[1] - my);
        if (off < least) { least = off; best = foot; }
      }
    }
    return best;
  };
  S.dwellingAt = function (mx, my, reach) {
    let best = null, least = reach;
    for (const each of (S.ground || { dwellings: [] }).dwellings) {
      const off = Math.hypot(each.mx - mx, each.my - my);
      if (off < least) { least = off; best = each; }
    }
    return best;
  };

  // The dwellings of a grid, wherever the map stands.
  S.dwellingsIn = async function (key) {
    const shape = S.topo.shapes.get(key);
    const [west, north] = S.lonlat(shape.box[0], shape.box[1]);
    const [east, south] = S.lonlat(shape.box[2], shape.box[3]);
    const { dwellings } = await fetchGround(L.latLngBounds([south, west], [north, east]));
    return dwellings.filter((each) => S.topo.covers(shape, each.mx, each.my));
  };
  // For the list: those that lie nearest to the border with another one.
  S.dwellingsTowards = async function (key, other, many) {
    const dwellings = await S.dwellingsIn(key);
    const arcs = S.topo.arcs.filter((arc) => (arc.left === key && arc.right === other) || (arc.right === key && arc.left === other));
    const found = [];
    for (const each of dwellings) {
      let least = Infinity, at = null;
      for (const arc of arcs) for (let i = 1; i < arc.vs.length; i++) {
        const foot = S.foot(each.mx, each.my, S.topo.mx[arc.vs[i - 1]], S.topo.my[arc.vs[i - 1]], S.topo.mx[arc.vs[i]], S.topo.my[arc.vs[i]]);
        const off = Math.hypot(foot[0] - each.mx, foot[1] - each.my);
        if (off < least) { least = off; at = foot; }
      }
      if (at) found.push(Object.assign(each, { metres: S.metres(S.lonlat(each.mx, each.my), S.lonlat(at[0], at[1])) }));
    }
    return found.sort((a, b) => a.metres - b.metres).slice(0, many);
  };
})();
