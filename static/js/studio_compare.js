/* Today and the draft on one map: a line to drag, today on its left, the draft on its right. Looking only, no edits.
 */
(function () {
  "use strict";
  const S = (window.wanggeStudio = window.wanggeStudio || {});
  let today = null;
  let layer = null;
  S.comparing = false;

  async function begin() {
    try {
      if (!today) {
        const answer = await S.ask(S.urls.today);
        const areas = new Map(answer.areas.map((area) => [area.key, area]));
        today = { topo: S.topology(answer.areas, S.state.frame), areas, plain: true, faults: [], tolerance: 0, label: (area) => area.name };
      }
    } catch (error) { S.failed(error); return; }
    S.comparing = true;
    S.take("select");
    layer = new S.CoverageLayer({ see: () => today }).addTo(S.map);
    layer.on("painted", clip);
    S.layer.on("painted", clip);
    S.map.on("move", clip);
    toggled();
    clip();
  }
  function end() {
    S.comparing = false;
    S.map.off("move", clip);
    S.layer.off("painted", clip);
    layer.remove();
    layer = null;
    S.layer._container.style.clipPath = "";
    toggled();
  }
  function toggled() {
    S.find("#studio-compare").setAttribute("aria-pressed", String(S.comparing));
    S.find("#studio-swipe").hidden = !S.comparing;
    S.say("held");
    S.layer.draw();
    if (S.comparing) S.find("#studio-swipe input").focus();
  }
  // Both canvases cover more than the map: the line is told to each in its own place.
  function clip() {
    if (!layer) return;
    const size = S.map.getSize();
    const x = (size.x * Number(S.find("#studio-swipe input").value)) / 100;
    const line = S.find("#studio-swipe-line");
    line.style.left = x + "px";
    for (const [each, left] of [[layer, true], [S.layer, false]]) {
      const at = S.map.containerPointToLayerPoint([x, 0]).x - each._bounds.min.x;
      each._container.style.clipPath = left ? "inset(0 calc(100% - " + at + "px) 0 0)" : "inset(0 0 0 " + at + "px)";
    }
  }

  S.comparison = function () {
    S.find("#studio-compare").addEventListener("click", () => (S.comparing ? end() : begin()));
    S.find("#studio-swipe input").addEventListener("input", clip);
    new ResizeObserver(clip).observe(S.map.getContainer());
    // The line itself can be dragged; the slider is its twin for the keyboard.
    const line = S.find("#studio-swipe-line"), range = S.find("#studio-swipe input");
    line.addEventListener("pointerdown", (event) => { event.preventDefault(); line.setPointerCapture(event.pointerId); });
    line.addEventListener("pointermove", (event) => {
      if (!line.hasPointerCapture(event.pointerId)) return;
      const box = S.map.getContainer().getBoundingClientRect();
      range.value = (100 * (event.clientX - box.left)) / box.width;
      clip();
    });
  };
})();
