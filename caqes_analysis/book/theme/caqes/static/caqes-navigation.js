// Brings the current page into view in the summary, when the summary is longer than the screen.
"use strict";
(() => {
  const summary = document.getElementById("navigation");
  const here = summary.querySelector("[aria-current]");
  if (!here) return;
  const show = () => {
    const place = here.getBoundingClientRect().top - summary.getBoundingClientRect().top;
    if (place < 0 || place > summary.clientHeight * 0.75) summary.scrollTop += place - summary.clientHeight / 3;
  };
  show();
  summary.addEventListener("toggle", show);
})();
