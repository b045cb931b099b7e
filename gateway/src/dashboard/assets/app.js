// What pages do beyond plain HTML. Each of them works without it.
(() => {
  "use strict";

  // The theme follows the system until it is chosen; before the first paint, so that nothing flashes.
  const root = document.documentElement;
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;

  const isDark = () =>
    (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

  function toggleTheme() {
    root.dataset.theme = isDark() ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
    document.dispatchEvent(new CustomEvent("theme"));
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (!root.dataset.theme) document.dispatchEvent(new CustomEvent("theme"));
  });

  // Browsers give the clipboard to pages that came through TLS, or from this machine; others copy a selection.
  async function copy(code) {
    if (navigator.clipboard) return navigator.clipboard.writeText(code.textContent);
    const selection = getSelection();
    selection.selectAllChildren(code);
    document.execCommand("copy");
    selection.removeAllRanges();
  }

  // Says to those who do not see the page what has changed in it.
  const speaker = document.createElement("p");
  speaker.className = "hide";
  speaker.setAttribute("role", "status");

  async function copyFor(button) {
    const label = button.dataset.label || button.textContent;
    button.dataset.label = label;
    try {
      await copy(button.closest(".copy").querySelector("code"));
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    speaker.textContent = button.textContent;
    setTimeout(() => { button.textContent = label; speaker.textContent = ""; }, 1500);
  }

  // The browser's own time; the year only where it is another one. UTC stays on hover. A line breaks between day and time.
  const day = { month: "short", day: "numeric" };
  const thisYear = new Intl.DateTimeFormat(undefined, day);
  const otherYear = new Intl.DateTimeFormat(undefined, { ...day, year: "numeric" });
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const whole = (text) => text.replaceAll(" ", "\u00a0");
  const now = new Date();

  function enhance(scope) {
    for (const button of scope.querySelectorAll("[data-theme-toggle]")) {
      button.hidden = false;
      button.addEventListener("click", toggleTheme);
    }
    for (const button of scope.querySelectorAll("[data-copy]")) {
      button.hidden = false;
      button.addEventListener("click", () => copyFor(button));
    }
    for (const time of scope.querySelectorAll("time[datetime*='T']")) {
      const moment = new Date(time.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      const date = moment.getFullYear() === now.getFullYear() ? thisYear : otherYear;
      time.textContent = `${whole(date.format(moment))}, ${whole(clock.format(moment))}`;
    }
    scope.querySelectorAll("table").forEach(align);
    reach(scope);
  }

  // Amounts of a column stand with their points below one another: what one has fewer decimals is made up for by zeros
  // that nobody sees, hears or copies.
  const amount = /^\s*-?\$[\d,]+\.(\d+)\s*$/;
  function align(table) {
    const columns = new Map();
    for (const cell of table.querySelectorAll("td.num")) {
      const text = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT, (node) =>
        node.data.trim() ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_SKIP).nextNode();
      const decimals = text && amount.exec(text.data);
      if (!decimals) continue;
      const column = columns.get(cell.cellIndex) || [];
      columns.set(cell.cellIndex, column);
      column.push([text, decimals[1].length]);
    }
    for (const column of columns.values()) {
      const most = Math.max(...column.map(([, length]) => length));
      for (const [text, length] of column) {
        if (length === most) continue;
        const zeros = document.createElement("span");
        zeros.className = "zeros";
        zeros.setAttribute("aria-hidden", "true");
        zeros.textContent = "0".repeat(most - length);
        text.data = text.data.trimEnd();
        text.after(zeros);
      }
    }
  }

  // What scrolls sideways can be scrolled by the keyboard too.
  function reach(scope) {
    for (const box of scope.querySelectorAll(".table, pre")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    }
  }

  document.addEventListener("DOMContentLoaded", () => { document.body.append(speaker); enhance(document); });
  addEventListener("resize", () => reach(document));
  document.addEventListener("htmx:load", (event) => { if (event.target !== document.body) enhance(event.target); });
})();
