// A form that is sent twice makes one key, and the second answer does not show it: let nobody click twice.
(() => {
  "use strict";
  for (const form of document.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
    // Who comes back by the browser's history may send it again.
    addEventListener("pageshow", () => { delete form.dataset.sent; });
  }
})();
