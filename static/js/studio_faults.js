/* Faults: the list, zoom to the place, repairs in one press; pockets given to a neighbour; the proof and its seal.
 */
(function () {
  "use strict";
  const S = (window.wanggeStudio = window.wanggeStudio || {});
  const make = S.make;
  const SHOWN = 100;
  const PAPER = new Set(["missing", "emptied", "officer", "gone", "village", "base"]);
  S.fault = null;
  let chosenAt = null;

  // For the canvas: each fault with its place and its rings as the map projects them.
  S.on("faults", () => {
    for (const fault of S.faults) {
      [fault.mx, fault.my] = fault.at ? S.mercator(fault.at[0], fault.at[1]) : [0, 0];
      fault.rings = rings(fault.coords);
      fault.onPaper = PAPER.has(fault.kind);
      fault.box = [Infinity, Infinity, -Infinity, -Infinity];
      for (const ring of fault.rings.length ? fault.rings : [[[fault.mx, fault.my]]]) for (const [x, y] of ring) {
        fault.box = [Math.min(fault.box[0], x), Math.min(fault.box[1], y), Math.max(fault.box[2], x), Math.max(fault.box[3], y)];
      }
    }
    // Looked at again, a fault may have another number: what lies at the same place is the same to people.
    const isThere = (fault) => chosenAt && String(fault.at) === String(chosenAt);
    const now = S.fault && (S.faults.find((fault) => fault.id === S.fault) || S.faults.find(isThere));
    S.fault = now ? now.id : null;
    draw();
    S.layer.draw();
  });
  // Polygons or multipolygons, however deep.
  function rings(coords) {
    if (!coords || !coords.length) return [];
    if (typeof coords[0][0] === "number") return [coords.map((point) => S.mercator(point[0], point[1]))];
    return coords.flatMap(rings);
  }

  S.faultAt = function (mx, my, reach) {
    const placed = S.faults.filter((fault) => !fault.onPaper && fault.at);
    const off = (fault) => Math.hypot(fault.mx - mx, fault.my - my);
    return placed.find((fault) => S.withinRings(fault.rings, mx, my)) || placed.filter((fault) => off(fault) < reach).sort((a, b) => off(a) - off(b))[0] || null;
  };

  S.chooseFault = function (fault, zoom) {
    S.fault = fault ? fault.id : null;
    chosenAt = fault ? fault.at : null;
    draw();
    S.layer.draw();
    if (!fault || !zoom) return;
    // What is no place of its own is shown as the grid it is about, whose particulars mend it.
    const shape = !fault.rings.length && S.topo.shapes.get(fault.keys[0]);
    if (fault.onPaper && shape) S.choose([fault.keys[0]], { quiet: true });
    if (fault.rings.length) S.zoomTo(fault.box, 18);
    else if (fault.onPaper && shape) S.zoomTo(shape.box, 17);
    else if (fault.at) S.map.setView([fault.at[1], fault.at[0]], 18);
  };

  function repairs(fault) {
    return fault.repairs.map((repair, index) => make("button.btn.btn-sm" + (index ? "" : ".btn-primary"), { type: "button", disabled: !S.mayEdit(), onclick: () => mend(fault, repair) }, repair.words));
  }
  // The next fault takes the focus, so that a list of 68 is worked through without the mouse.
  async function mend(fault, repair) {
    const place = S.faults.indexOf(fault);
    const args = { fault: fault.id, how: repair.how };
    if (repair.to !== null && repair.to !== undefined) args.to = repair.to;
    const answer = await S.operate("repair", args, fault.id);
    if (!answer) return;
    const next = S.faults[Math.min(place, S.faults.length - 1)];
    if (next && !S.find("#studio-tab-faults").hidden) {
      S.chooseFault(next, true);
      const item = S.find('#studio-faults [data-fault="' + next.id + '"]');
      const button = item && (item.querySelector(".studio-repairs button") || item.querySelector("button"));
      if (button) { button.focus({ preventScroll: true }); item.scrollIntoView({ block: "nearest" }); }
    }
  }

  function item(fault) {
    const on = fault.id === S.fault;
    const open = () => {
      S.chooseFault(fault, true);
      const again = S.find('#studio-faults [data-fault="' + fault.id + '"] .studio-fault-open');
      if (again) again.focus();
    };
    return make("li.studio-fault" + (on ? ".is-chosen" : ""), { "data-fault": fault.id },
      make("button.studio-fault-open", { type: "button", "aria-pressed": String(on), onclick: open },
        make("span.studio-fault-kind", {}, S.word("fault_" + fault.kind)),
        make("span.studio-fault-size", {}, fault.area_m2 ? S.squareMetres(fault.area_m2) : ""),
        make("span.studio-fault-words", {}, fault.words)),
      ...(on ? waysOut(fault) : []));
  }
  // What the chosen fault offers: its repairs, the form of its grid, or the tools.
  function waysOut(fault) {
    const ways = fault.repairs.length ? [make("div.studio-repairs", {}, ...repairs(fault))] : [];
    const [key] = fault.keys;
    if (fault.onPaper && S.areas.has(key)) {
      const form = () => { S.choose([key], { quiet: true }); S.tab("grid", true); };
      ways.push(make("div.studio-repairs", {}, make("button.btn.btn-sm.btn-primary", { type: "button", onclick: form }, S.word("open_grid", { grid: S.nameOf(key) }))));
    } else if (!ways.length && !fault.onPaper) ways.push(make("p.muted.small", {}, S.word("by_hand")));
    return ways;
  }

  function draw() {
    const count = S.find("#studio-fault-count");
    count.textContent = S.faults.length ? S.number(S.faults.length) : "";
    const list = S.find("#studio-faults");
    // Whoever stands on a button of the chosen fault stands on it afterwards.
    const stood = document.activeElement && list.contains(document.activeElement) ? document.activeElement : null;
    const place = stood && stood.closest(".is-chosen") ? Array.from(stood.closest(".is-chosen").querySelectorAll("button")).indexOf(stood) : -1;
    const chosen = S.faults.findIndex((fault) => fault.id === S.fault);
    const from = chosen >= SHOWN ? chosen - 10 : 0;
    list.replaceChildren(...S.faults.slice(from, from + SHOWN).map(item));
    const again = place >= 0 ? list.querySelectorAll(".is-chosen button")[place] || list.querySelector(".is-chosen button") : null;
    if (again) again.focus();
    S.find("#studio-no-faults").hidden = S.faults.length > 0;
    const kinds = new Map();
    for (const fault of S.faults) kinds.set(fault.kind, (kinds.get(fault.kind) || 0) + 1);
    S.find("#studio-all-vacant").hidden = (kinds.get("officer") || 0) < 2 || !S.mayEdit();
    S.find("#studio-fault-kinds").textContent = Array.from(kinds, ([kind, many]) => S.word("fault_" + kind) + " " + S.number(many)).join(" · ");
    seal();
  }

  function seal() {
    const box = S.find("#studio-seal");
    const proven = S.state && ["proven", "approved", "published"].includes(S.state.status);
    box.hidden = !proven;
    S.find("#studio-next").hidden = !proven || S.state.status !== "proven";
    if (!proven) return;
    const { digest } = S.certificate || S.state.certificate || {};
    const grids = S.number(S.areas.size);
    S.find("#studio-seal-words").textContent = digest ? S.word("sealed", { grids, digest: digest.slice(0, 12) }) : S.word("sealed_plain", { grids });
  }
  S.on("state", seal);
  S.on("changed", seal);
  S.on("proof", (answer) => {
    S.tab("faults");
    S.sheet(true);
    if (answer.ok) S.say("told", { words: S.word("proof_holds") });
    else {
      S.say("refused", { words: S.word("proof_fails", { n: S.number(S.faults.length) }) });
      if (S.faults.length) S.chooseFault(S.faults[0], true);
    }
  });

  // Giving a pocket away: the neighbours come with the fault, the one with the longest shared border first.
  function ask(fault) {
    const at = fault.at;
    const ways = fault.repairs.filter((repair) => repair.to !== null && repair.to !== undefined)
      .map((repair, index) => ({ words: repair.words, main: index === 0, act: () => S.operate("assign", { at, to: repair.to }, fault.id) }));
    ways.push({ words: S.word("as_new_grid"), main: !ways.length, act: () => S.operate("assign", { at, to: null }, fault.id) });
    S.offer(S.word("whose_pocket", { size: S.squareMetres(fault.area_m2 || 0) }), ways);
  }
  let pocket = null;
  S.tool("assign", {
    start() { pocket = null; },
    press(at) {
      const found = S.faultAt(at.mx, at.my, S.reach(at));
      if (found && found.kind === "pocket") { pocket = found; S.chooseFault(found); ask(found); return; }
      const shape = S.topo.shapeAt(at.mx, at.my);
      if (pocket && shape) { S.offer(""); S.operate("assign", { at: pocket.at, to: shape.key }, pocket.id); pocket = null; return; }
      S.say("told", { words: S.word("no_pocket_here") });
    },
    // Without the mouse: Enter takes the next pocket of the list.
    key(event) {
      if (event.key !== "n") return false;
      const pockets = S.faults.filter((fault) => fault.kind === "pocket");
      if (!pockets.length) return true;
      pocket = pockets[(pockets.indexOf(pocket) + 1) % pockets.length];
      S.chooseFault(pocket, true);
      ask(pocket);
      return true;
    },
  });

  // Many grids without an officer, as after an import: one reason for all of them, one step to undo.
  function leaveVacant(event) {
    event.preventDefault();
    const reason = event.target.elements.vacant_reason.value.trim();
    if (!reason) { S.say("refused", { words: S.word("say_why_vacant") }); return; }
    S.operate("officer", { keys: S.faults.filter((fault) => fault.kind === "officer").flatMap((fault) => fault.keys), vacant_reason: reason });
  }

  S.prover = function () {
    S.find("#studio-all-vacant").addEventListener("submit", leaveVacant);
    S.on("held", draw);
    document.querySelectorAll("[data-prove]").forEach((each) => each.addEventListener("click", () => S.prove()));
    const able = () => document.querySelectorAll("[data-prove]").forEach((each) => { each.disabled = !S.state || S.state.may.prove === false || S.comparing; });
    S.on("state", able);
    S.on("held", able);
  };
})();
