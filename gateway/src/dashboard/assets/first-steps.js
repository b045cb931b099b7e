// Shows what the newcomer has done elsewhere: a key made, a payment that has come, the first request.
(() => {
  "use strict";

  const PAUSE_MS = 5000;
  const TIMES = 240;

  const steps = document.querySelector("[data-first-steps]");
  if (!steps) return;
  const done = (page) => (page.querySelector("[data-first-steps]") ? page.querySelectorAll(".steps > .done").length : -1);
  const before = done(document);
  steps.querySelector("[data-waiting]").hidden = false;

  let times = 0;
  const timer = setInterval(async () => {
    if (document.hidden) return;
    times += 1;
    if (times === TIMES) clearInterval(timer);
    try {
      const answer = await fetch(location.href);
      if (!answer.ok || answer.redirected) return;
      const now = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (done(now) !== before) location.reload();
    } catch {
      // It is asked again.
    }
  }, PAUSE_MS);
})();
