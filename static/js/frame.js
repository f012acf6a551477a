/* The frame's behaviour: small, without dependencies but HTMX, and never in the way of a page that works without it.
 *
 *   data-open="id"       opens the <dialog> with that id          data-close   closes the dialog it stands in
 *   data-once            on a form: a second press is ignored while the first is on its way
 *   data-quiet           on an HTMX element: no busy line, no toast when it fails (polling)
 *   data-pressed="name"  on a chip button: toggles aria-pressed
 *   data-insert="id"     on a chip button: puts its data-text (or its words) into the field with that id
 *   data-photo="id"      on <input type=file>: shows the chosen picture in the <img> with that id
 *   data-download        on a form: a file answers it and the page stays; closes the dialog it stands in
 *   data-submit          on a select or checkbox: sends its form when it changes
 *   wangge.say(text, kind)  a toast; kind "error" stays until it is closed
 */
(function () {
  "use strict";
  const root = document.documentElement;
  let waiting = 0;
  let timer = null;

  // A press shows something within 100 ms: the busy line waits 60 ms, so quick answers do not flicker.
  function busy(on) {
    waiting = Math.max(0, waiting + (on ? 1 : -1));
    clearTimeout(timer);
    if (waiting) timer = setTimeout(() => root.classList.add("is-busy"), 60);
    else root.classList.remove("is-busy");
  }

  function say(text, kind) {
    const area = document.getElementById("toasts");
    const template = document.getElementById("toast-template");
    if (!area || !template || !text) return;
    const note = template.content.firstElementChild.cloneNode(true);
    const bad = kind === "error";
    note.classList.toggle("note-error", bad);
    note.querySelector(bad ? ".note-good" : ".note-bad").remove();
    note.querySelector(".note-text").textContent = text;
    while (area.children.length > 2) area.firstElementChild.remove();
    area.append(note);
    if (!bad) hideLater(note);
  }

  // Time to read, longer for longer words; it stays while the pointer or the focus is on it.
  function hideLater(note) {
    const span = Math.max(5000, 120 * note.textContent.length);
    let clock = setTimeout(() => note.remove(), span);
    for (const event of ["mouseenter", "focusin"]) note.addEventListener(event, () => clearTimeout(clock));
    for (const event of ["mouseleave", "focusout"]) {
      note.addEventListener(event, () => { clock = setTimeout(() => note.remove(), span); });
    }
  }

  function sentence(status) {
    const words = document.body.dataset;
    return { 0: words.sayOffline, 401: words.sayForbidden, 403: words.sayForbidden, 404: words.sayGone, 409: words.sayStale,
             410: words.sayGone, 413: words.sayLarge, 429: words.sayBusy }[status] || words.sayFault;
  }

  function quiet(event) {
    const from = event.detail && event.detail.elt;
    return Boolean(from && from.closest && from.closest("[data-quiet]"));
  }

  function ready(form, on) {
    for (const button of form.querySelectorAll("button[type=submit], button:not([type])")) {
      if (on) button.removeAttribute("aria-busy");
      else button.setAttribute("aria-busy", "true");
    }
    if (on) delete form.dataset.sent;
    else form.dataset.sent = "yes";
  }

  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest(selector);
    const opener = on("[data-open]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.open);
      if (dialog && !dialog.open) { event.preventDefault(); dialog.showModal(); }
      return;
    }
    if (on("[data-close]")) { on("dialog").close(); return; }
    if (on("[data-dismiss-note]")) { on(".note").remove(); return; }
    if (event.target.matches("dialog.dialog")) { event.target.close(); return; }
    const chip = on("[data-pressed]");
    if (chip) chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
    const phrase = on("[data-insert]");
    if (phrase) insert(document.getElementById(phrase.dataset.insert), phrase.dataset.text || phrase.textContent.trim());
    const link = on("a[href]");
    if (link && !event.defaultPrevented && !event.ctrlKey && !event.metaKey && !event.shiftKey && !link.target
        && !link.hasAttribute("download") && !link.hasAttribute("hx-get") && link.origin === location.origin
        && !link.getAttribute("href").startsWith("#")) busy(true);
  });

  function insert(field, text) {
    if (!field) return;
    const words = field.value.trim();
    if (!words.includes(text)) field.value = words ? words + "，" + text : text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.matches("[hx-post], [hx-get], [method=dialog]")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    // A file comes and the page stays; a refusal comes as a page of its own.
    if (form.hasAttribute("data-download")) { setTimeout(() => form.closest("dialog")?.close(), 0); return; }
    busy(true);
    // After the browser has read the pressed button's name and value.
    if (form.method === "post") setTimeout(() => ready(form, false), 0);
  });

  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.matches("[data-submit]")) field.form.requestSubmit();
    if (field.matches("input[type=file][data-photo]")) {
      const image = document.getElementById(field.dataset.photo);
      if (image && field.files[0]) {
        if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
        image.src = URL.createObjectURL(field.files[0]);
        image.hidden = false;
      }
    }
  });

  // Coming back by the browser's arrow: nothing is on its way any more.
  window.addEventListener("pageshow", () => {
    waiting = 0;
    root.classList.remove("is-busy");
    document.querySelectorAll("form[data-sent]").forEach((form) => ready(form, true));
  });

  // A page that asks by itself says so: that is no sign of somebody sitting there. And whoever signed in anew in another
  // tab presses here with the new token, not with the one this page was made with.
  function token() {
    const found = /(?:^|;\s*)csrftoken=([^;]+)/.exec(document.cookie);
    return found ? found[1] : "";
  }
  document.addEventListener("htmx:configRequest", (event) => {
    if (quiet(event)) event.detail.headers["X-Quiet"] = "1";
    if (token()) event.detail.headers["X-CSRFToken"] = token();
  });
  document.addEventListener("submit", (event) => {
    const field = event.target.querySelector("input[name=csrfmiddlewaretoken]");
    if (field && token()) field.value = token();
  }, true);
  // Signed out meanwhile: a page with nothing typed leads to the sign-in and back; one with words on it keeps them.
  let toldOut = false;
  function typed(field) {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.type === "file") return field.files.length > 0;
    return field.matches("textarea, input:not([type=hidden])") && field.value !== field.defaultValue;
  }
  document.addEventListener("signedOut", (event) => {
    if ([...document.querySelectorAll("main input, main textarea, dialog textarea, dialog input")].some(typed)) {
      if (!toldOut || !quiet(event)) say(event.detail.text, "error");
      toldOut = true;
    } else location.assign(event.detail.url);
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (quiet(event)) return;
    const form = event.detail.elt.closest("form[hx-post]");
    if (form && form.dataset.sent) { event.preventDefault(); return; }
    busy(true);
    if (form) ready(form, false);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (quiet(event)) return;
    busy(false);
    const form = event.detail.elt.closest && event.detail.elt.closest("form[hx-post]");
    if (form) ready(form, true);
  });
  // Signed out in another window: the answer is the sign-in page; show it whole instead of swapping it in.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const address = event.detail.xhr.responseURL;
    const login = document.body.dataset.loginUrl;
    if (login && address && new URL(address).pathname === login && location.pathname !== login) {
      event.detail.shouldSwap = false;
      location.reload();
    }
  });
  document.addEventListener("htmx:responseError", (event) => { if (!quiet(event) && event.detail.xhr.status !== 401) say(sentence(event.detail.xhr.status), "error"); });
  document.addEventListener("htmx:sendError", (event) => { if (!quiet(event)) say(sentence(0), "error"); });
  document.addEventListener("htmx:timeout", (event) => { if (!quiet(event)) say(sentence(0), "error"); });
  // HX-Trigger: {"toast": {"text": "…", "kind": "error"}}
  document.addEventListener("toast", (event) => say(event.detail.text || event.detail.value, event.detail.kind));
  // HX-Trigger: {"closeDialog": ""} closes whatever is open, after its form has done its work.
  document.addEventListener("closeDialog", () => document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close()));
  // What was typed stays; the first field at fault takes the focus.
  document.addEventListener("htmx:afterSettle", (event) => {
    const fault = event.detail.target && event.detail.target.querySelector && event.detail.target.querySelector(".is-invalid");
    if (fault) fault.focus();
    words(document);
  });

  function words(where) {
    where.querySelectorAll("template[data-say]").forEach((note) => { say(note.dataset.say); note.remove(); });
  }

  function start() {
    words(document);
    const fault = document.querySelector("main .is-invalid");
    if (fault) fault.focus();
  }
  window.wangge = Object.assign(window.wangge || {}, { say, busy });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
