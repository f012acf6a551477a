/* The bar of tools, the line that says what the one in hand waits for, and the keys.
 *
 *   S.tool(name, {start, stop, press(at), move(at), drag: {begin, go, end}, key(event), overlay(pen, put), finish, back, count})
 *   S.take(name) takes a tool in hand.   `at` = {mx, my, lon, lat, touch}
 *   S.choose([keys], {quiet, zoom}) chooses grids.
 *   S.offer(words, [{words, act, main}], back) asks between a few ways; `back` is what cancelling does.
 */
(function () {
  "use strict";
  const S = (window.wanggeStudio = window.wanggeStudio || {});
  const tools = new Map();
  S.chosen = [];
  S.inHand = "select";

  S.tool = (name, tool) => tools.set(name, tool);
  const tool = () => tools.get(S.inHand) || {};

  S.choose = function (keys, more) {
    S.chosen = keys.filter((key) => S.areas.has(key));
    S.say("chosen", more || {});
    S.layer.draw();
  };

  S.take = function (name, given) {
    if (!tools.has(name)) return;
    if (name !== "select" && !S.mayEdit()) { S.say("refused", { words: S.word(S.comparing ? "comparing" : "read_only") }); return; }
    if (tool().stop) tool().stop();
    S.inHand = name;
    document.querySelectorAll("[data-tool]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.tool === name)));
    S.map.getContainer().dataset.inHand = name;
    const fingers = tool().drag ? "disable" : "enable";
    S.map.dragging[fingers]();
    S.map.doubleClickZoom[name === "select" ? "enable" : "disable"]();
    S.layer.overlay = tool().overlay || null;
    S.offer("");
    if (tool().start) tool().start(given);
    S.hint();
    S.layer.draw();
  };

  S.finish = () => { tool().finish(); S.hint(); };
  S.reach = (at) => ((at && at.touch ? 20 : 12) / (256 * Math.pow(2, S.map.getZoom())));

  // The hint: what the tool waits for, and the same acts as the keys have, for those without keys.
  S.hint = function (words) {
    const box = S.find("#studio-hint");
    const now = tool();
    const said = words || (now.hint ? now.hint() : S.word("hint_" + S.inHand));
    const acts = [];
    const has = now.count ? now.count() : 0;
    if (now.finish && has) acts.push(button(S.word("finish"), now.finish, true));
    if (now.back && has) acts.push(button(S.word("back"), now.back));
    for (const more of now.acts ? now.acts() : []) acts.push(button(more.words, more.act));
    if (S.inHand !== "select") acts.push(button(S.word("cancel"), cancel));
    box.hidden = !said || !S.find("#studio-offer").hidden;
    S.find("#studio-hint-words").textContent = said || "";
    S.find("#studio-hint-acts").replaceChildren(...acts);
  };
  const button = (words, act, main) => S.make("button.btn.btn-sm" + (main ? ".btn-primary" : ""), { type: "button", onclick: () => act() }, words);
  let asked = null;
  S.offer = function (words, ways, back) {
    const box = S.find("#studio-offer");
    box.hidden = !words;
    if (words) S.find("#studio-hint").hidden = true;
    box.replaceChildren();
    if (!words) {
      // Whoever came by the keyboard goes on where the question was asked.
      if (asked) { (asked.isConnected && asked !== document.body ? asked : S.map.getContainer()).focus({ preventScroll: true }); asked = null; }
      return;
    }
    asked = document.activeElement;
    const list = S.make("div.studio-ways", {});
    for (const way of ways) list.append(button(way.words, () => { S.offer(""); way.act(); }, way.main));
    list.append(button(S.word("cancel"), () => { S.offer(""); if (back) back(); else if (tool().start) tool().start(); S.hint(); }));
    box.append(S.make("p", {}, words), list);
    (list.querySelector(".btn-primary") || list.firstChild).focus();
  };

  function cancel() {
    const now = tool();
    if (now.count && now.count()) { now.start(); S.hint(); S.layer.drawLive(); return; }
    S.take("select");
  }

  function placeOf(latlng, original) {
    const [mx, my] = S.mercator(latlng.lng, latlng.lat);
    return { mx, my, lon: latlng.lng, lat: latlng.lat, touch: Boolean(original && (original.pointerType === "touch" || /^touch/.test(original.type))) };
  }
  const ofEvent = (event) => placeOf(S.map.mouseEventToLatLng(event), event);

  S.listen = function () {
    const box = S.map.getContainer();
    let lastTouch = 0;
    box.addEventListener("pointerdown", (event) => { if (event.pointerType === "touch") lastTouch = Date.now(); }, true);
    S.map.on("click", (event) => {
      const at = placeOf(event.latlng, event.originalEvent);
      at.touch = at.touch || Date.now() - lastTouch < 900;
      if (!dragged && tool().press) tool().press(at);
      S.hint();
    });
    S.map.on("dblclick", () => { if (tool().finish) S.finish(); });
    S.map.on("mousemove", (event) => { if (tool().move) tool().move(placeOf(event.latlng, event.originalEvent)); });

    // Lassos: a drag with the tool in hand is the tool's, with two fingers the map's.
    let going = null, dragged = false;
    box.addEventListener("pointerdown", (event) => {
      dragged = false;
      if (!tool().drag || event.button || !event.isPrimary || !event.target.closest("canvas, .leaflet-container") || event.target.closest(".leaflet-control, button")) return;
      going = { x: event.clientX, y: event.clientY, begun: false, id: event.pointerId };
    });
    box.addEventListener("pointermove", (event) => {
      if (!going || event.pointerId !== going.id) return;
      if (!going.begun && Math.hypot(event.clientX - going.x, event.clientY - going.y) > 5) {
        going.begun = dragged = true;
        box.setPointerCapture(going.id);
        tool().drag.begin(ofEvent(event));
      }
      if (going.begun) tool().drag.go(ofEvent(event));
    });
    const end = (event) => {
      if (!going || event.pointerId !== going.id) return;
      if (going.begun) { tool().drag.end(event.type === "pointerup"); S.hint(); }
      going = null;
    };
    box.addEventListener("pointerup", end);
    box.addEventListener("pointercancel", end);

    // On a small screen whoever takes a tool wants the map: the sheet makes room.
    document.querySelectorAll("[data-tool]").forEach((each) => each.addEventListener("click", () => {
      S.take(each.dataset.tool);
      if (!S.isWide() && S.inHand !== "select") S.sheet(false);
    }));
    document.querySelectorAll("[data-step]").forEach((each) => each.addEventListener("click", () => S.operate(each.dataset.step, {})));
    document.addEventListener("keydown", keys);
  };

  function keys(event) {
    const writing = event.target.closest("input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, dialog");
    const ctrl = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (ctrl && !writing && (key === "z" || key === "y")) {
      event.preventDefault();
      const step = key === "y" || event.shiftKey ? "redo" : "undo";
      if (S.state && S.state["can_" + step]) S.operate(step, {});
      return;
    }
    if (writing || ctrl || event.altKey) return;
    if (event.key === "Escape") {
      const asks = S.find("#studio-offer");
      if (asks.hidden) cancel(); else asks.querySelector("button:last-of-type").click();
      return;
    }
    const now = tool();
    if (now.key && now.key(event)) { event.preventDefault(); S.hint(); return; }
    const onMap = event.target === S.map.getContainer() || event.target === document.body;
    if (!onMap) return;
    if (event.key === "Enter" && now.finish && now.count()) { event.preventDefault(); S.finish(); }
    else if (event.key === "Backspace" && now.back && now.count()) { event.preventDefault(); now.back(); S.hint(); }
    else if ((event.key === " " || event.key === "Enter") && now.press) { event.preventDefault(); now.press(placeOf(S.map.getCenter())); S.hint(); }
  }

  S.on("state", refresh);
  S.on("changed", refresh);
  S.on("held", refresh);
  function refresh() {
    const may = S.mayEdit();
    document.querySelectorAll("[data-tool]").forEach((each) => { if (each.dataset.tool !== "select") each.disabled = !may; });
    for (const step of ["undo", "redo"]) {
      const each = S.find('[data-step="' + step + '"]');
      const named = S.state.steps && S.state.steps[step];
      each.disabled = !may || !S.state["can_" + step];
      each.title = named ? S.word(step + "_named", { step: named }) : S.word(step);
      each.setAttribute("aria-label", each.title);
    }
    // What is half drawn stays on the map: the plan may come back.
    if (!may && S.inHand !== "select" && !(tool().count && tool().count())) S.take("select");
  }
})();
