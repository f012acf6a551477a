/* Who draws, and what becomes of the plan meanwhile: the lease, and a small question every quarter of a minute.
 *
 *   S.hold(byForce)   takes the lease or prolongs it      S.watch()   asks now how the plan stands
 *   says "held" (who holds it, what may be done, whether it was overtaken); another revision is loaded
 *
 * Nothing that is being drawn is lost by it: points of a line stay, a border in the hand is waited for.
 */
(function () {
  "use strict";
  const S = (window.wanggeStudio = window.wanggeStudio || {});
  const WATCH = 15000;
  const PROLONG = 60000;
  let prolonged = 0;
  let draws = false; // had the lease here, and nobody took it
  let asking = false;

  S.mayEdit = () => Boolean(S.state && S.state.may.edit && S.mine() && !S.comparing);
  S.mine = () => Boolean(S.state && S.state.hold && S.state.hold.mine);
  S.heldByOther = () => Boolean(S.state && S.state.hold && !S.state.hold.mine);

  S.hold = async function (byForce) {
    try {
      const answer = await S.ask(S.urls.hold, { take: Boolean(byForce) });
      prolonged = Date.now();
      draws = true;
      S.state.hold = answer.hold;
      if (answer.revision !== S.state.revision && !S.waiting()) await S.load();
      S.say("offline", false);
    } catch (error) {
      if (error.status !== 409) S.failed(error);
      else if (error.body.hold) S.state.hold = error.body.hold;
      else await S.load().catch(S.failed);
    }
    S.say("held");
  };

  S.watch = async function () {
    if (asking || !S.state || document.visibilityState !== "visible" || S.waiting()) return;
    asking = true;
    const seen = S.state.revision;
    try {
      const now = await S.ask(S.urls.standing);
      S.say("offline", false);
      S.say("signed-in");
      // What was answered while an edit travelled is old already.
      if (!S.waiting() && S.state.revision === seen) await heed(now);
    } catch (error) { S.failed(error); }
    asking = false;
  };

  async function heed(now) {
    const told = JSON.stringify([S.state.hold, S.state.may, S.state.stale, S.state.status]);
    Object.assign(S.state, { hold: now.hold, may: now.may, stale: now.stale, status: now.status });
    if (now.revision !== S.state.revision && !S.handsFull()) await S.load();
    const { hold, may, stale, status } = S.state;
    // A lease that ran out, as on a computer that slept, or that another window gave back, is taken again.
    if (draws && may.edit && (!hold || (hold.mine && Date.now() - prolonged > PROLONG))) { await S.hold(); return; }
    if (JSON.stringify([hold, may, stale, status]) !== told) S.say("held");
    if (draws && S.heldByOther()) {
      draws = false;
      S.say("refused", { words: S.word("taken_from_you", { who: hold.by }) });
    }
  }

  // By force it is taken only from somebody who sees a question first: theirs is saved, but they draw no further.
  S.takeOver = function () {
    const take = async (byForce) => { await S.hold(byForce); if (S.mine()) S.hush(); };
    if (!S.heldByOther()) { take(); return; }
    const who = S.state.hold.by;
    S.offer(S.word("take_from", { who }), [{ words: S.word("take_over"), main: true, act: () => take(true) }]);
  };

  function release() { if (S.mine()) S.ask(S.urls.release, {}, { keepalive: true }).catch(() => {}); }

  S.keepHold = function () {
    setInterval(S.watch, WATCH);
    document.addEventListener("visibilitychange", S.watch);
    window.addEventListener("online", S.watch);
    window.addEventListener("pagehide", release);
    window.addEventListener("pageshow", (event) => { if (event.persisted) S.load().then(() => S.hold()).catch(S.failed); });
  };
})();
