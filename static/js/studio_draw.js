/* Tools that draw: split (a line), carve (a ring), paint (a lasso or single dwellings). Points snap to vertices, borders,
 * the frame and lines of the ground within 12 pixels (20 by finger).
 */
(function () {
  "use strict";
  const S = (window.wanggeStudio = window.wanggeStudio || {});
  const places = [];
  let pointer = null;
  let lasso = null;

  S.snap = function (at, loose) {
    const reach = S.reach(at);
    const near = S.topo.nearest(at.mx, at.my, reach);
    if (near.vertex >= 0) { const [lon, lat] = S.topo.at(near.vertex); return { mx: S.topo.mx[near.vertex], my: S.topo.my[near.vertex], lon, lat, kind: "vertex" }; }
    if (near.arc) return at_(near.foot, "border");
    const ground = loose ? null : S.nearestGround(at.mx, at.my, reach);
    return ground ? at_(ground, "ground") : Object.assign({}, at, { kind: "" });
  };
  const at_ = (foot, kind) => { const [lon, lat] = S.lonlat(foot[0], foot[1]); return { mx: foot[0], my: foot[1], lon, lat, kind }; };
  const pair = (at) => [S.round(at.lon), S.round(at.lat)];

  function clear() { places.length = 0; pointer = null; S.layer.drawLive(); }
  function add(at) {
    const snapped = S.snap(at);
    const last = places[places.length - 1];
    if (!last || Math.hypot(last.mx - snapped.mx, last.my - snapped.my) > S.reach() / 6) places.push(snapped);
    S.layer.drawLive();
  }
  function back() { places.pop(); S.layer.drawLive(); }

  function line(pen, put, closed) {
    const all = pointer ? [...places, pointer] : places;
    if (all.length) {
      const draw = () => {
        pen.beginPath();
        all.forEach((each, index) => pen[index ? "lineTo" : "moveTo"](...put(each.mx, each.my)));
        if (closed) pen.closePath();
      };
      draw(); pen.strokeStyle = "#ffffff"; pen.lineWidth = 5; pen.stroke();
      draw(); pen.strokeStyle = S.COLOURS.primary; pen.lineWidth = 2.5; pen.stroke();
      if (closed && all.length > 2) { pen.fillStyle = "rgba(29, 95, 168, 0.12)"; pen.fill(); }
    }
    for (const each of places) dot(pen, put, each, 4.5, true);
    if (pointer && pointer.kind) dot(pen, put, pointer, 8, false);
  }
  function dot(pen, put, at, size, full) {
    const [x, y] = put(at.mx, at.my);
    pen.beginPath();
    if (at.kind === "vertex") pen.rect(x - size, y - size, 2 * size, 2 * size); else pen.arc(x, y, size, 0, 7);
    if (full) { pen.fillStyle = "#ffffff"; pen.fill(); }
    pen.strokeStyle = S.COLOURS.primary; pen.lineWidth = 2; pen.stroke();
  }
  const drawn = (closed) => ({
    start: clear, stop: clear, press: add, back, count: () => places.length,
    move(at) { pointer = S.snap(at); S.layer.drawLive(); },
    overlay: (pen, put) => line(pen, put, closed),
  });

  // The grid that the line runs through: the chosen one if it does, else the one with most of its length.
  function cutBy() {
    const hits = new Map();
    for (let i = 1; i < places.length; i++) {
      const a = places[i - 1], b = places[i];
      for (const part of [0.1, 0.3, 0.5, 0.7, 0.9]) {
        const shape = S.topo.shapeAt(a.mx + (b.mx - a.mx) * part, a.my + (b.my - a.my) * part);
        if (shape) hits.set(shape.key, (hits.get(shape.key) || 0) + Math.hypot(b.mx - a.mx, b.my - a.my));
      }
    }
    if (S.chosen.length === 1 && hits.has(S.chosen[0])) return S.chosen[0];
    const best = Array.from(hits).sort((a, b) => b[1] - a[1])[0];
    return best ? best[0] : null;
  }

  S.tool("split", Object.assign(drawn(false), {
    async finish() {
      if (places.length < 2) { S.say("refused", { words: S.word("two_points") }); return; }
      const key = cutBy();
      if (key === null) { S.say("refused", { words: S.word("through_no_grid") }); return; }
      const line = places.map(pair);
      const kept = places.slice();
      clear();
      const answer = await S.operate("split", { key, line });
      if (answer) S.choose(answer.changed.map((area) => area.key).filter((one) => one !== key).slice(0, 2));
      else if (S.inHand === "split" && !places.length) { places.push(...kept); S.layer.drawLive(); S.hint(); }
    },
  }));

  S.tool("carve", Object.assign(drawn(true), {
    async finish() {
      if (places.length < 3) { S.say("refused", { words: S.word("three_points") }); return; }
      const kept = places.slice();
      const ring = [...places, places[0]].map(pair);
      clear();
      const answer = await S.operate("carve", { polygon: [ring], to: null });
      if (!answer && S.inHand === "carve" && !places.length) { places.push(...kept); S.layer.drawLive(); S.hint(); }
    },
  }));

  // Paint: the first press chooses the grid that receives; then single dwellings, or all inside of a lasso.
  const receiver = () => (S.chosen.length === 1 ? S.chosen[0] : null);
  const recell = () => { if (S.inHand === "paint") S.loadCells(); };
  S.on("changed", recell);
  S.on("moved", recell);
  S.tool("paint", {
    start() { lasso = null; S.loadGround(); S.loadCells(); },
    stop() { lasso = null; S.cells = []; S.layer.drawLive(); },
    acts: () => (receiver() === null ? [] : [{ words: S.word("other_receiver"), act: () => { S.choose([], { quiet: true }); S.hint(); } }]),
    hint: () => (receiver() === null ? S.word("hint_paint_whom") : S.word("hint_paint", { grid: S.nameOf(receiver()) })),
    press(at) {
      const shape = S.topo.shapeAt(at.mx, at.my);
      const dwelling = receiver() === null ? null : S.dwellingAt(at.mx, at.my, S.reach(at));
      const cell = receiver() === null ? null : S.cellAt(at.mx, at.my);
      if (dwelling && !(shape && shape.key === receiver())) S.operate("paint", { dwellings: [dwelling.id], to: receiver() });
      else if (cell && cell.key !== receiver()) S.operate("paint", { cells: [cell.id], to: receiver() });
      else if (cell) S.say("told", { words: S.word("has_it_already", { grid: S.nameOf(receiver()) }) });
      else if (shape) S.choose([shape.key], { quiet: true });
    },
    drag: {
      begin(at) { if (receiver() !== null) lasso = [at]; else S.say("refused", { words: S.word("hint_paint_whom") }); },
      go(at) {
        const last = lasso && lasso[lasso.length - 1];
        if (last && Math.hypot(at.mx - last.mx, at.my - last.my) > S.reach() / 4) { lasso.push(at); S.layer.drawLive(); }
      },
      end(good) {
        const ring = lasso;
        lasso = null;
        S.layer.drawLive();
        if (good && ring && ring.length > 3) S.operate("paint", { lasso: [[...ring, ring[0]].map(pair)], to: receiver() });
      },
    },
    overlay(pen, put) {
      pen.beginPath();
      for (const cell of S.cells) if (cell.key !== receiver()) for (const ring of cell.rings) ring.forEach((point, index) => pen[index ? "lineTo" : "moveTo"](...put(point[0], point[1])));
      pen.strokeStyle = "rgba(70, 85, 106, 0.45)"; pen.lineWidth = 0.8; pen.setLineDash([3, 3]); pen.stroke(); pen.setLineDash([]);
      if (!lasso) return;
      pen.beginPath();
      lasso.forEach((each, index) => pen[index ? "lineTo" : "moveTo"](...put(each.mx, each.my)));
      pen.closePath();
      pen.fillStyle = "rgba(29, 95, 168, 0.15)"; pen.fill();
      pen.strokeStyle = S.COLOURS.primary; pen.lineWidth = 2; pen.setLineDash([6, 4]); pen.stroke(); pen.setLineDash([]);
    },
  });
})();
