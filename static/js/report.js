/* The report page. Everything typed stays in the page until the server has it: words, place and category also in this
 * browser's storage (never pictures, and only until they are sent), pictures in memory. One hand-in carries one key,
 * so pressing twice or sending again makes one incident.
 */
(function () {
  "use strict";
  const form = document.getElementById("report-form");
  if (!form) return;
  const say = form.dataset;
  const by = (id) => document.getElementById(id);
  const field = (name) => form.elements[name];
  const DRAFT_LASTS = 3 * 24 * 3600 * 1000;
  const ANSWER_WITHIN = 90 * 1000;
  const GOOD_METRES = 30;
  const SEEK_FOR = 20 * 1000;

  for (const part of form.querySelectorAll("[data-needs-script]")) part.hidden = false;

  /* -- pictures: taken, shrunk, shown, taken back --------------------------------------------------------- */
  const most = Number(say.most);
  const shots = {};
  for (const box of form.querySelectorAll("[data-shots]")) {
    const name = box.dataset.shots;
    shots[name] = [];
    for (const input of box.querySelectorAll("[data-shots-input]")) {
      input.addEventListener("change", () => {
        const files = Array.from(input.files);
        input.value = "";
        files.forEach((file) => take(box, name, file));
      });
    }
  }

  async function take(box, name, file) {
    if (shots[name].length >= most) { fault(name, say.sayMost); return; }
    fault(name, "");
    const shot = { blob: file, ready: null };
    shots[name].push(shot);
    box.classList.add("has-shots");
    const item = document.createElement("li");
    const frame = document.createElement("div");
    frame.className = "photo is-shrinking";
    const image = document.createElement("img");
    image.alt = "";
    image.addEventListener("error", () => { image.remove(); wangge.say(say.sayPicture); });
    const drop = document.createElement("button");
    drop.type = "button";
    drop.className = "icon-button photo-drop";
    drop.setAttribute("aria-label", say.sayRemove);
    drop.textContent = "×";
    drop.addEventListener("click", () => {
      shots[name].splice(shots[name].indexOf(shot), 1);
      URL.revokeObjectURL(image.src);
      item.remove();
      box.classList.toggle("has-shots", shots[name].length > 0);
      box.querySelector("[data-shots-input]").focus();
    });
    frame.append(image, drop);
    item.append(frame);
    box.querySelector("[data-shots-list]").append(item);
    shot.ready = wangge.shrink(file).then((small) => {
      shot.blob = small;
      image.src = URL.createObjectURL(small);
      frame.classList.remove("is-shrinking");
    });
  }

  /* -- the place: the phone's position, a press on the map, or a name --------------------------------------- */
  const words = by("place-words");
  const trouble = by("place-trouble");
  const map = by("report-map");
  const seek = by("locate");
  let watch = null;
  let byHand = false;

  function explain(text) {
    trouble.textContent = text || "";
    trouble.hidden = !text;
  }

  function ask() {
    words.dispatchEvent(new CustomEvent("place:ask"));
    keep();
  }

  function setPosition(lat, lon, accuracy, how) {
    field("lat").value = Number(lat).toFixed(7);
    field("lon").value = Number(lon).toFixed(7);
    field("accuracy").value = accuracy ? Math.round(accuracy) : "";
    field("by").value = how;
    field("place").value = "";
    fault("place", "");
    if (how === "device" && map.wanggeMap) map.wanggeMap.setPoint(lat, lon, accuracy);
    ask();
  }

  function setNamed(code) {
    stopSeeking();
    byHand = true;
    // A position no grid holds stays: it is true, and the name says who takes it.
    const outside = Boolean(words.querySelector("[data-outside]"));
    if (!outside) for (const name of ["lat", "lon", "accuracy", "by"]) field(name).value = "";
    field("place").value = code;
    fault("place", "");
    explain("");
    ask();
  }

  function showAddress() {
    by("place-address").textContent = field("address").value.trim();
    by("place-address").hidden = !field("address").value.trim();
  }
  field("address").addEventListener("input", showAddress);

  function startSeeking() {
    if (!navigator.geolocation || !window.isSecureContext) { explain(window.isSecureContext ? say.sayNowhere : say.sayInsecure); return; }
    stopSeeking();
    byHand = false;
    let best = Infinity;
    explain(say.saySeeking);
    seek.setAttribute("aria-busy", "true");
    watch = navigator.geolocation.watchPosition((found) => {
      if (byHand) return;
      const { latitude, longitude, accuracy } = found.coords;
      if (accuracy < best) {
        best = accuracy;
        explain("");
        setPosition(latitude, longitude, accuracy, "device");
      }
      if (accuracy <= GOOD_METRES) stopSeeking();
    }, (refusal) => {
      stopSeeking();
      if (best === Infinity) explain(refusal.code === 1 ? say.sayDenied : say.sayNowhere);
    }, { enableHighAccuracy: true, maximumAge: 30000, timeout: 15000 });
    setTimeout(stopSeeking, SEEK_FOR);
  }

  function stopSeeking() {
    if (watch !== null) navigator.geolocation.clearWatch(watch);
    watch = null;
    seek.removeAttribute("aria-busy");
    if (trouble.textContent === say.saySeeking) explain("");
  }

  seek.addEventListener("click", startSeeking);
  map.addEventListener("map:point", (event) => {
    stopSeeking();
    byHand = true;
    explain("");
    setPosition(event.detail.lat, event.detail.lon, 0, "tap");
  });
  form.addEventListener("click", (event) => {
    const choice = event.target.closest("button[data-place]");
    if (!choice) return;
    setNamed(choice.dataset.place);
    if (by("place-dialog").open) by("place-dialog").close();
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) words.addEventListener(name, () => explain(say.sayOfflinePlace));
  words.addEventListener("htmx:afterSwap", () => {
    if (trouble.textContent === say.sayOfflinePlace) explain("");
    const code = words.querySelector("[data-code]");
    const drawn = map.wanggeMap;
    if (!drawn) return;
    // The map tints what was found. A place by name has no pin, and a position far off leaves the map at home.
    map.classList.toggle("is-named", !field("lat").value);
    if (code) drawn.select(code.dataset.code);
    if (words.querySelector("[data-outside]") || (code && field("place").value)) drawn.fit();
  });

  /* -- the category: a tile, or a word ------------------------------------------------------------------------ */
  const list = by("category-list");
  const search = by("category-words");
  const found = by("category-found");
  const none = by("category-none");
  const tiles = form.querySelector(".report-category .tiles");
  const entries = Array.from(list.querySelectorAll("option[value]:not([value=''])"), (option) => ({
    value: option.value,
    label: option.textContent,
    family: option.parentElement.label || "",
    words: (option.dataset.words || "").toLowerCase(),
    familyWords: (option.parentElement.dataset.words || "").toLowerCase(),
    icon: option.dataset.icon,
  }));
  let active = -1;
  by("category-search").hidden = false;

  function rank(entry, word) {
    const label = entry.label.toLowerCase();
    if (label.startsWith(word)) return 0;
    if (label.includes(word)) return 1;
    // The first of its words says most about a category.
    const at = entry.words.split(" ").findIndex((each) => each && (each.includes(word) || word.includes(each)));
    if (at >= 0) return 2 + Math.min(at, 9) / 10;
    if (entry.family.toLowerCase().includes(word) || entry.familyWords.includes(word)) return 4;
    return 9;
  }

  function matches(text) {
    const parts = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
    if (!parts.length) return [];
    return entries
      .map((entry) => ({ entry, worst: Math.max(...parts.map((part) => rank(entry, part))) }))
      .filter((each) => each.worst < 9)
      .sort((a, b) => a.worst - b.worst)
      .slice(0, 8)
      .map((each) => each.entry);
  }

  function offer() {
    const hits = matches(search.value);
    active = -1;
    found.replaceChildren(...hits.map((entry, index) => {
      const item = document.createElement("li");
      item.id = "category-hit-" + index;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      item.dataset.value = entry.value;
      const family = document.createElement("span");
      family.className = "muted";
      family.textContent = entry.family;
      item.append(entry.label + " ", family);
      return item;
    }));
    found.hidden = !hits.length;
    search.setAttribute("aria-expanded", String(hits.length > 0));
    search.removeAttribute("aria-activedescendant");
    none.hidden = hits.length > 0 || !search.value.trim();
  }

  function point(step) {
    const items = Array.from(found.children);
    if (!items.length) return;
    active = (active + step + items.length) % items.length;
    items.forEach((item, index) => item.setAttribute("aria-selected", String(index === active)));
    search.setAttribute("aria-activedescendant", items[active].id);
    items[active].scrollIntoView({ block: "nearest" });
  }

  // What was found becomes the first tile, so that what is chosen is always seen.
  function choose(value) {
    const entry = entries.find((each) => each.value === String(value));
    if (!entry) return false;
    let radio = Array.from(tiles.querySelectorAll("input")).find((input) => input.value === entry.value);
    if (!radio) {
      const tile = by("tile-template").content.firstElementChild.cloneNode(true);
      radio = tile.querySelector("input");
      radio.value = entry.value;
      tile.querySelector(".tile-face > span").textContent = entry.label;
      const use = tile.querySelector("use");
      use.setAttribute("href", use.getAttribute("href").replace(/#.*/, "#" + entry.icon));
      const all = tiles.querySelectorAll(".tile");
      if (all.length >= 6) all[all.length - 1].remove();
      tiles.querySelector("legend").after(tile);
    }
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    search.value = "";
    list.value = "";
    by("category-all").open = false;
    offer();
    return true;
  }

  // What the words sound like, while no category is chosen: the longer the word they share, the surer.
  const guess = by("category-guess");
  function listen() {
    const text = field("text").value.toLowerCase();
    const open = text && !form.querySelector("input[name=category]:checked");
    const heard = !open ? [] : entries
      .map((entry) => ({ entry, sure: Math.max(0, ...[entry.label.toLowerCase(), ...entry.words.split(" ")].map((word, at) => (word.length > 1 && text.includes(word) ? word.length - at / 10 : 0))) }))
      .filter((each) => each.sure > 0)
      .sort((a, b) => b.sure - a.sure)
      .slice(0, 3);
    guess.querySelector("[data-guesses]").replaceChildren(...heard.map(({ entry }) => {
      const chip = document.createElement("button");
      chip.type = "button";
      chip.className = "chip";
      chip.dataset.value = entry.value;
      chip.textContent = entry.label;
      return chip;
    }));
    guess.hidden = !heard.length;
  }
  field("text").addEventListener("input", listen);
  guess.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-value]");
    if (chip) { choose(chip.dataset.value); field("text").focus(); }
  });

  search.addEventListener("input", offer);
  // Above the keyboard of a phone there must be room for what is found.
  search.addEventListener("focus", () => { if (matchMedia("(max-width: 767.98px)").matches) search.scrollIntoView({ block: "start" }); });
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { event.preventDefault(); point(1); }
    if (event.key === "ArrowUp") { event.preventDefault(); point(-1); }
    if (event.key === "Escape") { search.value = ""; offer(); }
    if (event.key === "Enter") {
      event.preventDefault();
      const item = found.children[Math.max(active, 0)];
      if (item) choose(item.dataset.value);
    }
  });
  found.addEventListener("click", (event) => {
    const item = event.target.closest("[role=option]");
    if (item) choose(item.dataset.value);
  });
  list.addEventListener("change", () => { if (list.value) choose(list.value); });
  by("no-form").addEventListener("submit", (event) => event.preventDefault());

  /* -- settled or not ------------------------------------------------------------------------------------------ */
  const settled = by("id_settled");
  const button = by("send");
  function showSettled() {
    if (!settled) return;
    by("settled-part").hidden = !settled.checked;
    if (!button.hasAttribute("aria-busy")) button.textContent = settled.checked ? button.dataset.settle : button.dataset.report;
  }
  if (settled) settled.addEventListener("change", () => { fault("settled", ""); showSettled(); ask(); });
  showSettled();

  /* -- the draft -------------------------------------------------------------------------------------------------- */
  const KEPT = ["key", "lon", "lat", "accuracy", "by", "place", "address", "text", "result"];
  const box = (() => { try { return window.localStorage; } catch (error) { return null; } })();
  let sent = false;

  function keep(tried) {
    if (!box || sent) return;
    const draft = { at: Date.now(), tried: Boolean(tried) || Boolean(stored() && stored().tried), settled: Boolean(settled && settled.checked) };
    for (const name of KEPT) draft[name] = field(name) ? field(name).value : "";
    for (const name of ["category", "urgency"]) {
      const chosen = form.querySelector("input[name=" + name + "]:checked");
      draft[name] = chosen ? chosen.value : "";
    }
    if (!draft.text && !draft.result && !draft.category && !draft.tried) return;
    try { box.setItem(say.draft, JSON.stringify(draft)); } catch (error) { /* full or forbidden: the page itself still holds it */ }
  }

  function stored() {
    try {
      const draft = JSON.parse(box.getItem(say.draft));
      if (draft && Date.now() - draft.at < DRAFT_LASTS) return draft;
      box.removeItem(say.draft);
    } catch (error) { /* nothing that could be read */ }
    return null;
  }

  function forget() { try { box.removeItem(say.draft); } catch (error) { /* there was none */ } }

  function bringBack(draft) {
    for (const name of KEPT) if (field(name) && draft[name]) field(name).value = draft[name];
    if (draft.category) choose(draft.category);
    const urgency = form.querySelector('input[name=urgency][value="' + draft.urgency + '"]');
    if (urgency) urgency.checked = true;
    if (settled) { settled.checked = draft.settled; showSettled(); }
    by("draft-note").hidden = false;
    showAddress();
    listen();
    if (draft.lat && map.wanggeMap) map.wanggeMap.setPoint(Number(draft.lat), Number(draft.lon), Number(draft.accuracy));
    if (draft.lat || draft.place) ask();
  }

  by("draft-drop").addEventListener("click", () => { forget(); sent = true; location.reload(); });
  form.addEventListener("input", (event) => { if (event.target.name) fault(event.target.name, ""); keep(); });
  form.addEventListener("change", (event) => {
    const { name } = event.target;
    if (name === "category") { fault("text", ""); listen(); }
    if (name === "category" || name === "urgency") ask();
    keep();
  });

  // Sent, but the answer was lost, and the page closed: ask what became of it before offering the draft again.
  async function start() {
    const draft = box ? stored() : null;
    if (draft && draft.tried) {
      try {
        const answer = await fetch(say.receipt.replace("KEY00000", encodeURIComponent(draft.key)), { headers: { Accept: "application/json" }, credentials: "same-origin" });
        if (answer.ok) {
          const { url, number } = await answer.json();
          forget();
          const link = document.createElement("a");
          link.href = url;
          link.textContent = number;
          by("arrived-note").querySelector("p").append(say.sayArrived + " ", link);
          by("arrived-note").hidden = false;
          if (say.locate) startSeeking();
          return;
        }
      } catch (error) { /* no connection: the draft is offered, its key keeps it single */ }
    }
    if (draft) bringBack(draft);
    const placed = field("lat").value || field("place").value;
    if (!placed && say.locate) startSeeking();
    else if (placed && !draft && field("lat").value && map.wanggeMap) map.wanggeMap.setPoint(Number(field("lat").value), Number(field("lon").value), Number(field("accuracy").value));
  }

  /* -- sending ------------------------------------------------------------------------------------------------------ */
  const unsent = by("unsent");
  const sending = by("sending");
  let request = null;
  let waiting = false;

  function fault(name, text) {
    const place = form.querySelector('[data-error="' + name + '"]');
    if (!place) return null;
    (place.querySelector("[data-error-text]") || place).textContent = text;
    place.hidden = !text;
    const input = name && form.querySelector('textarea[name="' + name + '"]');
    if (input) input.classList.toggle("is-invalid", Boolean(text));
    return place;
  }

  function showFaults(errors) {
    let first = null;
    for (const place of form.querySelectorAll("[data-error]")) {
      const text = (errors[place.dataset.error] || []).join(" ");
      fault(place.dataset.error, text);
      if (text && !first) first = place;
    }
    if (!first) { fault("", Object.values(errors).flat().join(" ")); first = form.querySelector('[data-error=""]'); }
    const input = first.dataset.error && form.querySelector('textarea[name="' + first.dataset.error + '"]');
    first.setAttribute("tabindex", "-1");
    (input || first).focus({ preventScroll: true });
    first.scrollIntoView({ block: "center" });
  }

  function progress(part, words) {
    sending.hidden = false;
    by("sending-words").textContent = words;
    const bar = sending.querySelector("progress");
    if (part === null) bar.removeAttribute("value");
    else bar.value = Math.round(100 * part);
  }

  function rest(failed) {
    request = null;
    sending.hidden = true;
    button.removeAttribute("aria-busy");
    unsent.hidden = !failed;
    unsent.querySelector("p").textContent = failed || "";
    if (failed) { button.textContent = button.dataset.again; wangge.busy(false); unsent.scrollIntoView({ block: "nearest" }); }
    else showSettled();
  }

  async function send() {
    if (request || waiting) return;
    waiting = true;
    button.setAttribute("aria-busy", "true");
    unsent.hidden = true;
    progress(0, say.saySending);
    // The moment of the first press: a report that leaves later still says when it happened.
    if (!field("occurred_at").value) field("occurred_at").value = new Date().toISOString();
    keep(true);
    await Promise.all(Object.values(shots).flat().map((shot) => shot.ready));
    const data = new FormData(form);
    for (const [name, each] of Object.entries(shots)) {
      data.delete(name);
      each.forEach((shot, number) => data.append(name, shot.blob, name + "-" + (number + 1) + (shot.blob.type === "image/png" ? ".png" : shot.blob.type === "image/webp" ? ".webp" : ".jpg")));
    }
    request = new XMLHttpRequest();
    waiting = false;
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.timeout = ANSWER_WITHIN;
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total, event.loaded < event.total ? say.saySending : say.sayReceived);
    });
    request.addEventListener("load", answered);
    request.addEventListener("error", () => rest(say.sayUnsent));
    request.addEventListener("timeout", () => rest(say.sayAgain));
    request.send(data);
  }

  function answered() {
    const { status, responseURL, responseText } = request;
    let answer = null;
    try { answer = JSON.parse(responseText); } catch (error) { /* no answer of ours */ }
    if (status === 200 && answer && answer.url) {
      sent = true;
      forget();
      location.assign(answer.url);
      return;
    }
    if (status === 422 && answer && answer.errors) { rest(""); showFaults(answer.errors); return; }
    const login = document.body.dataset.loginUrl;
    const signedOut = status === 403 || (login && responseURL && new URL(responseURL).pathname === login);
    rest(signedOut ? say.saySignedOut : status === 413 ? document.body.dataset.sayLarge : say.sayAgain);
  }

  form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  form.addEventListener("keydown", (event) => {
    // Enter in a line of text chooses nothing and sends nothing by accident.
    if (event.key === "Enter" && event.target.matches("input[type=text], input[type=search], input:not([type])")) event.preventDefault();
  });
  window.addEventListener("online", () => { if (!unsent.hidden) send(); });
  window.addEventListener("beforeunload", (event) => {
    if (!sent && Object.values(shots).flat().length) event.preventDefault();
  });

  // The map is drawn by its own script, which may come a moment later.
  if (map.wanggeMap) start();
  else document.addEventListener("DOMContentLoaded", () => setTimeout(start, 0));
})();
