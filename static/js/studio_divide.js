/* Splitting without drawing: a straight line across the chosen grid, laid where both sides have as many households.
 */
(function () {
  "use strict";
  const S = (window.wanggeStudio = window.wanggeStudio || {});
  const part = () => Number(S.find("#studio-divide-at").value) / 100;
  const isUpright = () => S.find("#studio-divide-way").value === "upright";
  let homes = []; // of the grid `homesOf`: {mx, my, households}
  let homesOf = null;

  const box = () => S.topo.shapes.get(S.chosen[0]).box;
  const along = (home) => (isUpright() ? (home.mx - box()[0]) / (box()[2] - box()[0]) : (home.my - box()[1]) / (box()[3] - box()[1]));

  // Where the households are halved; the middle where none are known.
  function halved() {
    const all = homes.reduce((sum, home) => sum + home.households, 0);
    let before = 0;
    const order = homes.map((home) => [along(home), home.households]).sort((a, b) => a[0] - b[0]);
    for (let i = 0; i < order.length; i++) {
      before += order[i][1];
      if (before * 2 >= all) return (order[i][0] + (order[i + 1] || order[i])[0]) / 2;
    }
    return 0.5;
  }
  function lay() {
    const [west, north, east, south] = box();
    const out = 0.02 * Math.max(east - west, south - north);
    const x = west + (east - west) * part(), y = north + (south - north) * part();
    const ends = isUpright() ? [[x, north - out], [x, south + out]] : [[west - out, y], [east + out, y]];
    S.layLine(ends.map(([mx, my]) => { const [lon, lat] = S.lonlat(mx, my); return { mx, my, lon, lat, kind: "" }; }));
    const first = homes.reduce((sum, home) => sum + (along(home) < part() ? home.households : 0), 0);
    const rest = homes.reduce((sum, home) => sum + home.households, 0) - first;
    S.find("#studio-divide-said").textContent = homes.length ? S.word(isUpright() ? "halves_upright" : "halves_level", { one: S.number(first), other: S.number(rest) }) : "";
  }

  // The first touch takes the tool and fetches the dwellings; `anew` lays the line where it halves.
  async function begin(anew) {
    const key = S.chosen[0];
    if (S.inHand !== "split") S.take("split");
    if (S.inHand !== "split" || !S.topo.shapes.has(key)) return;
    if (homesOf !== key) {
      try { homes = await S.dwellingsIn(key); } catch (error) { S.failed(error); homes = []; }
      homesOf = key;
      anew = true;
      S.zoomTo(box(), 18);
    }
    if (S.chosen[0] !== key || S.inHand !== "split") return;
    if (anew) S.find("#studio-divide-at").value = Math.round(Math.min(0.98, Math.max(0.02, halved())) * 100);
    lay();
  }

  S.on("chosen", () => { S.find("#studio-divide-said").textContent = ""; });
  S.on("changed", () => { homesOf = null; });
  S.divider = function () {
    S.find("#studio-divide-way").addEventListener("change", () => begin(true));
    S.find("#studio-divide-at").addEventListener("input", () => begin(false));
    S.find("#studio-divide").addEventListener("submit", (event) => {
      event.preventDefault();
      if (homesOf === S.chosen[0] && S.inHand === "split") S.finish(); else begin(true);
    });
  };
})();
