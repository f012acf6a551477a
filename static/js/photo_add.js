/* Adding a picture to an incident (templates/incidents/_photos.html): shrunk by pictures.js, with the phone's position
 * where a check on site needs it; the answer is the same fragment with the picture in it.
 */
(function () {
  "use strict";

  function position() {
    return new Promise((done) => {
      if (!navigator.geolocation || !window.isSecureContext) { done(null); return; }
      navigator.geolocation.getCurrentPosition((found) => done(found.coords), () => done(null), { enableHighAccuracy: true, maximumAge: 30000, timeout: 15000 });
    });
  }

  async function add(form, input) {
    const words = form.querySelector("[data-words]");
    const before = words.textContent;
    const files = Array.from(input.files);
    if (!files.length || form.dataset.sent) return;
    form.dataset.sent = "yes";
    words.textContent = form.dataset.saySending;
    wangge.busy(true);
    const [here, ...pictures] = await Promise.all([position(), ...files.map(wangge.shrink)]);
    try {
      if (!here && form.hasAttribute("data-needs-position")) { wangge.say(form.dataset.sayPosition, "error"); return; }
      const data = new FormData(form);
      data.delete("photos");
      pictures.forEach((picture, number) => data.append("photos", picture, "photo-" + (number + 1) + ".jpg"));
      if (here) {
        data.set("lon", here.longitude.toFixed(7));
        data.set("lat", here.latitude.toFixed(7));
        data.set("accuracy", Math.round(here.accuracy));
        data.set("by", "device");
      }
      const answer = await fetch(form.action, { method: "POST", body: data, headers: { "HX-Request": "true" }, credentials: "same-origin" });
      if (answer.redirected || ![200, 422].includes(answer.status)) throw new Error(String(answer.status));
      const part = form.closest(".photo-stages");
      const holder = part.parentElement;
      const fresh = document.createRange().createContextualFragment(await answer.text()).querySelector(".photo-stages");
      part.replaceWith(fresh);
      if (window.htmx) window.htmx.process(fresh);
      if (answer.ok) holder.dispatchEvent(new CustomEvent("incident:photos", { bubbles: true }));
    } catch (error) {
      wangge.say(form.dataset.sayFault, "error");
    } finally {
      wangge.busy(false);
      words.textContent = before;
      input.value = "";
      delete form.dataset.sent;
    }
  }

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-photo-add]");
    if (form && event.target.type === "file") add(form, event.target);
  });
})();
