/* Tools that draw: split (a line) and carve (a ring). Points snap to vertices, borders, the frame and lines of the ground
 * within 12 pixels (20 by finger). What is refused stays drawn, to be mended.
 */
(function () {
  "use strict";
  const S = (window.wanggeStudio = window.wanggeStudio || {});
  const places = [];
  let pointer = null;

  S.snap = function (at) {
    const reach = S.reach(at);
    const near = S.topo.nearest(at.mx, at.my, reach);
    if (near.vertex >= 0) {
      const [lon, lat] = S.topo.at(near.vertex);
      return { mx: S.topo.mx[near.vertex], my: S.topo.my[near.vertex], lon, lat, kind: "vertex" };
    }
    if (near.arc) return at_(near.foot, "border");
    const ground = S.nearestGround(at.mx, at.my, reach);
    return ground ? at_(ground, "ground") : Object.assign({}, at, { kind: "" });
  };
  const at_ = (foot, kind) => { const [lon, lat] = S.lonlat(foot[0], foot[1]); return { mx: foot[0], my: foot[1], lon, lat, kind }; };
  S.pair = (at) => [S.round(at.lon), S.round(at.lat)];

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
  // A line laid by the list instead of the hand; it is ended like a drawn one.
  S.layLine = function (ends) {
    places.splice(0, places.length, ...ends);
    pointer = null;
    S.layer.drawLive();
    S.hint();
  };

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

  // Sends what was drawn; until the answer it is off the map, and back on it where it was refused.
  async function send(kind, args) {
    const kept = places.slice();
    clear();
    const answer = await S.operate(kind, args);
    if (!answer && S.inHand === kind && !places.length) S.layLine(kept);
    return answer;
  }

  S.tool("split", Object.assign(drawn(false), {
    async finish() {
      if (places.length < 2) { S.say("refused", { words: S.word("two_points") }); return; }
      const key = cutBy();
      if (key === null) { S.say("refused", { words: S.word("through_no_grid") }); return; }
      const answer = await send("split", { key, line: places.map(S.pair) });
      if (answer) S.choose(answer.changed.map((area) => area.key).filter((one) => one !== key).slice(0, 2));
    },
  }));

  // Whose ground the ring takes or meets, whoever has most of it first: each of them may receive it.
  function met() {
    const found = new Map();
    const count = (key, by) => { if (key !== null && key !== undefined) found.set(key, (found.get(key) || 0) + by); };
    places.forEach((a, index) => {
      const b = places[(index + 1) % places.length];
      for (let part = 0; part < 1; part += 0.1) {
        const mx = a.mx + (b.mx - a.mx) * part, my = a.my + (b.my - a.my) * part;
        const shape = S.topo.shapeAt(mx, my);
        if (shape) count(shape.key, 1);
        const { arc } = S.topo.nearest(mx, my, S.reach() / 4);
        if (arc) { count(arc.left, 0); count(arc.right, 0); }
      }
    });
    return Array.from(found).sort((a, b) => b[1] - a[1]).map(([key]) => key);
  }

  // A ring that is drawn waits until it is said whose it becomes: by the list or by a press on the map.
  let isAsking = false;
  const carve = (to) => { isAsking = false; return send("carve", { polygon: [[...places, places[0]].map(S.pair)], to }); };
  S.tool("carve", Object.assign(drawn(true), {
    start() { isAsking = false; clear(); },
    press(at) {
      if (!isAsking) { add(at); return; }
      const shape = S.topo.shapeAt(at.mx, at.my);
      if (shape) { S.offer(""); carve(shape.key); }
    },
    move(at) { pointer = isAsking ? null : S.snap(at); S.layer.drawLive(); },
    finish() {
      if (places.length < 3) { S.say("refused", { words: S.word("three_points") }); return; }
      isAsking = true;
      pointer = null;
      const ways = met().slice(0, 6).map((key) => ({ words: S.word("becomes", { grid: S.nameOf(key) }), act: () => carve(key) }));
      S.offer(S.word("whose_ring"), [{ words: S.word("as_new_grid"), main: true, act: () => carve(null) }, ...ways], () => { isAsking = false; });
    },
  }));
})();
