/* Moving a border: handles only on the chosen one; dragging a vertex draws all its parties in the same frame.
 * Handles are buttons: Tab reaches them, arrows move them, Enter drops, Delete (double click, long press) removes.
 */
(function () {
  "use strict";
  const S = (window.wanggeStudio = window.wanggeStudio || {});
  const LONG = 650;
  let box = null;
  let arc = null; // {vs, left, right} of the present topology
  let carried = null;
  let nudged = null;
  let shown = new Map(); // "longitude,latitude" of a corner -> its handle
  let wanted = ""; // the corner the focus returns to: each drawing makes the handles anew

  const point = (id) => [S.round(S.topo.lon[id]), S.round(S.topo.lat[id])];
  const pixel = (mx, my) => { const [lon, lat] = S.lonlat(mx, my); return S.map.latLngToLayerPoint([lat, lon]); };

  S.chosenArc = () => arc;
  S.handsFull = () => Boolean(carried || nudged);
  S.chooseArc = function (chosen, focus) {
    arc = chosen;
    if (arc && arc.kind === "frame") S.say("told", { words: S.word("frame_fixed") });
    if (arc && focus) {
      const free = arc.vs.filter((v) => !S.topo.fixed.has(v));
      wanted = free.length ? String(point(free[Math.floor(free.length / 2)])) : "";
    }
    handles();
    S.layer.draw();
    S.hint();
  };

  function clear() {
    const here = Array.from(shown).find(([, each]) => each === document.activeElement);
    if (here && !wanted) wanted = here[0];
    if (box) box.replaceChildren();
    shown = new Map();
  }
  function handles() {
    if (!box) box = S.map.createPane("handles");
    clear();
    draw();
    if (shown.has(wanted)) shown.get(wanted).focus({ preventScroll: true });
    wanted = "";
  }
  function draw() {
    if (!arc || S.inHand !== "border") return;
    const view = S.map.getBounds().pad(0.05);
    const many = arc.vs.length - (arc.closed ? 1 : 0);
    for (let i = 0; i < many; i++) {
      const v = arc.vs[i];
      if (view.contains([S.topo.lat[v], S.topo.lon[v]])) box.append(corner(v, i, many));
      if (arc.kind === "frame" || i + 1 >= arc.vs.length) continue;
      const w = arc.vs[i + 1];
      const mx = (S.topo.mx[v] + S.topo.mx[w]) / 2, my = (S.topo.my[v] + S.topo.my[w]) / 2;
      const [lon, lat] = S.lonlat(mx, my);
      if (view.contains([lat, lon]) && pixel(S.topo.mx[v], S.topo.my[v]).distanceTo(pixel(S.topo.mx[w], S.topo.my[w])) > 40) box.append(between(i, mx, my));
    }
  }
  function handle(kind, words, mx, my) {
    const each = S.make("button.studio-handle." + kind, { type: "button", "aria-label": words, title: words });
    L.DomUtil.setPosition(each, pixel(mx, my));
    L.DomEvent.disableClickPropagation(each); // or the map below takes it for a press on a border
    return each;
  }
  function corner(v, index, many) {
    const fixed = S.topo.fixed.has(v);
    const each = handle(fixed ? "is-fixed" : "is-corner", S.word(fixed ? "vertex_fixed" : "vertex", { number: index + 1, all: many }), S.topo.mx[v], S.topo.my[v]);
    shown.set(String(point(v)), each);
    if (fixed) { each.disabled = true; return each; }
    each.addEventListener("pointerdown", (event) => carry(event, each, () => v, null));
    each.addEventListener("dblclick", (event) => { L.DomEvent.stop(event); remove(v); });
    each.addEventListener("keydown", (event) => keyed(event, each, v));
    each.addEventListener("blur", () => { if (nudged && nudged.v === v) dropNudged(); });
    return each;
  }
  function between(index, mx, my) {
    const each = handle("is-between", S.word("vertex_insert"), mx, my);
    const made = () => { const [lon, lat] = S.lonlat(mx, my); return S.topo.insert(arc, index, S.round(lon), S.round(lat)); };
    const ends = [point(arc.vs[index]), point(arc.vs[index + 1])];
    each.addEventListener("pointerdown", (event) => carry(event, each, made, ends));
    each.addEventListener("click", (event) => {
      if (event.detail) return; // a press by pointer has been seen already
      const at = S.lonlat(mx, my).map(S.round);
      wanted = String(at);
      S.operate("insert", { from: ends[0], until: ends[1], at });
    });
    return each;
  }

  function lift(v) {
    const { shapes } = S.topo.touching(v);
    const keys = new Set(shapes.map((shape) => shape.key));
    const arcs = S.topo.arcs.filter((each) => keys.has(each.left) || keys.has(each.right));
    S.layer.lift(shapes, arcs);
  }

  function carry(event, each, vertex, ends) {
    if (event.button || !event.isPrimary) return;
    L.DomEvent.stop(event);
    if (!S.mayEdit() || S.waiting()) { if (S.waiting()) S.say("told", { words: S.word("one_moment") }); return; }
    each.setPointerCapture(event.pointerId);
    carried = { each, ends, from: null, v: -1, x: event.clientX, y: event.clientY, moved: false, frame: 0, next: null };
    const timer = ends ? 0 : setTimeout(() => { if (carried && !carried.moved) { const v = vertex(); stop(); remove(v); } }, LONG);
    const go = (motion) => {
      if (!carried) return;
      if (!carried.moved && Math.hypot(motion.clientX - carried.x, motion.clientY - carried.y) < 3) return;
      if (!carried.moved) {
        clearTimeout(timer);
        carried.moved = true;
        carried.v = vertex();
        carried.from = point(carried.v);
        lift(carried.v);
        each.classList.add("is-carried");
        box.classList.add("is-carrying");
      }
      carried.next = motion;
      if (!carried.frame) carried.frame = requestAnimationFrame(step);
    };
    const end = (motion) => {
      if (!carried) return;
      const { moved, v, from } = carried;
      if (moved && carried.next) step();
      const dropped = motion.type === "pointerup";
      stop();
      if (!moved) { if (ends && dropped) { const [lon, lat] = middleOf(ends); S.operate("insert", { from: ends[0], until: ends[1], at: [lon, lat] }); } return; }
      if (!dropped) { S.asSaved(); return; }
      const to = point(v);
      settle(v);
      if (ends) S.operate("insert", { from: ends[0], until: ends[1], at: to });
      else S.operate("move", { at: from, to });
    };
    const stop = () => {
      clearTimeout(timer);
      if (carried) cancelAnimationFrame(carried.frame);
      each.removeEventListener("pointermove", go);
      each.removeEventListener("pointerup", end);
      each.removeEventListener("pointercancel", end);
      each.classList.remove("is-carried");
      box.classList.remove("is-carrying");
      carried = null;
    };
    each.addEventListener("pointermove", go);
    each.addEventListener("pointerup", end);
    each.addEventListener("pointercancel", end);
  }
  const middleOf = ([a, b]) => { const [ax, ay] = S.mercator(...a), [bx, by] = S.mercator(...b); return S.lonlat((ax + bx) / 2, (ay + by) / 2).map(S.round); };

  // One frame of a drag: the vertex follows, and snaps to a line of the ground unless Alt is held.
  function step() {
    if (!carried) return;
    carried.frame = 0;
    const place = S.map.mouseEventToLatLng(carried.next);
    let [mx, my] = S.mercator(place.lng, place.lat);
    const ground = carried.next.altKey ? null : S.nearestGround(mx, my, S.reach() * 0.75);
    if (ground) [mx, my] = ground;
    const [lon, lat] = S.lonlat(mx, my);
    S.topo.move(carried.v, S.round(lon), S.round(lat));
    L.DomUtil.setPosition(carried.each, pixel(mx, my));
    S.layer.paintLive();
    carried.next = null;
  }
  function settle(v) {
    const { shapes, arcs } = S.topo.touching(v);
    S.topo.remeasure(shapes, arcs);
    S.layer.lower();
    handles();
  }
  function remove(v) {
    if (S.topo.fixed.has(v) || !S.mayEdit()) return;
    const beside = arc.vs[arc.vs.indexOf(v) + 1];
    if (beside !== undefined) wanted = String(point(beside));
    S.operate("remove", { at: point(v) });
  }

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  function keyed(event, each, v) {
    if (event.key === "Delete" || event.key === "Backspace") { L.DomEvent.stop(event); nudged = null; remove(v); return; }
    if (event.key === "Enter" || event.key === " ") { L.DomEvent.stop(event); dropNudged(); return; }
    if (event.key === "Escape" && nudged) { L.DomEvent.stop(event); wanted = String(nudged.from); S.topo.move(v, ...nudged.from); nudged = null; settle(v); return; }
    const by = ARROWS[event.key];
    if (!by || !S.mayEdit() || S.waiting()) return;
    L.DomEvent.stop(event);
    if (!nudged) { nudged = { v, from: point(v) }; lift(v); }
    const wide = (event.shiftKey ? 10 : 2) / (256 * Math.pow(2, S.map.getZoom()));
    const [lon, lat] = S.lonlat(S.topo.mx[v] + by[0] * wide, S.topo.my[v] + by[1] * wide);
    S.topo.move(v, S.round(lon), S.round(lat));
    L.DomUtil.setPosition(each, pixel(S.topo.mx[v], S.topo.my[v]));
    S.layer.drawLive();
  }
  function dropNudged() {
    if (!nudged) return;
    const { v, from } = nudged;
    nudged = null;
    const to = point(v);
    wanted = String(to);
    settle(v);
    wanted = String(to);
    S.operate("move", { at: from, to });
  }

  S.tool("border", {
    start() { arc = null; handles(); },
    stop() { arc = null; handles(); S.layer.lower(); },
    hint: () => (arc ? S.word("hint_border_chosen", { one: S.nameOf(arc.left), other: S.nameOf(arc.right) }) : S.word("hint_border")),
    press(at) {
      const near = S.topo.nearest(at.mx, at.my, S.reach(at) * 1.5);
      S.chooseArc(near.arc);
    },
  });

  // After each answer the lines are new ones: the chosen border is found again by its parties and its place.
  function refind() {
    const before = arc;
    if (!before) return;
    carried = nudged = null;
    const same = S.topo.arcs.filter((each) => (each.left === before.left && each.right === before.right) || (each.left === before.right && each.right === before.left));
    const [x, y] = [(before.box[0] + before.box[2]) / 2, (before.box[1] + before.box[3]) / 2];
    const off = (each) => Math.hypot((each.box[0] + each.box[2]) / 2 - x, (each.box[1] + each.box[3]) / 2 - y);
    arc = same.sort((a, b) => off(a) - off(b))[0] || null;
    handles();
    S.layer.lower();
  }
  S.on("state", refind);
  S.on("changed", refind);
  S.on("rolled-back", refind);
  S.drawHandles = handles;
  S.hideHandles = clear;
})();
