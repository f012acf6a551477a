/* Paint: the first press chooses the grid that receives; then single dwellings or their ground, or all inside of a lasso.
 */
(function () {
  "use strict";
  const S = (window.wanggeStudio = window.wanggeStudio || {});
  let lasso = null;

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
        if (good && ring && ring.length > 3) S.operate("paint", { lasso: [[...ring, ring[0]].map(S.pair)], to: receiver() });
      },
    },
    overlay(pen, put) {
      pen.beginPath();
      for (const cell of S.cells.filter((each) => each.key !== receiver())) {
        for (const ring of cell.rings) ring.forEach((point, index) => pen[index ? "lineTo" : "moveTo"](...put(point[0], point[1])));
      }
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
