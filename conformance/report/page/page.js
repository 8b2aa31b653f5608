"use strict";
// Every state is in the fragment: "#place?level=MUST&outcome=fail".
(() => {
  const form = document.getElementById("filters");
  const filters = ["implementation", "group", "level", "outcome"];
  document.documentElement.classList.add("js");

  const place = () => decodeURIComponent(location.hash.slice(1).split("?")[0]);
  const chosen = () => new URLSearchParams(location.hash.split("?")[1] || "");

  function show() {
    const state = chosen();
    for (const name of filters) form.elements[name].value = state.get(name) || "";
    for (const element of document.querySelectorAll(filters.map((f) => `[data-${f}]`).join(","))) {
      element.hidden = filters.some((f) => f in element.dataset && state.get(f) && element.dataset[f] !== state.get(f));
    }
    const at = document.getElementById(place());
    for (const element of document.querySelectorAll(".evidence")) element.classList.toggle("open", element === at);
    if (at) {
      at.hidden = false;
      at.scrollIntoView();
      if (at.matches(".evidence, .card")) { at.tabIndex = -1; at.focus({ preventScroll: true }); }
    }
  }

  function fragment(where, state) {
    const query = state.toString();
    return "#" + encodeURIComponent(where) + (query ? "?" + query : "");
  }

  form.addEventListener("change", () => {
    const state = new URLSearchParams();
    for (const name of filters) if (form.elements[name].value) state.set(name, form.elements[name].value);
    history.pushState(null, "", fragment(place(), state));
    show();
  });
  form.addEventListener("reset", () => { history.pushState(null, "", fragment(place(), new URLSearchParams())); setTimeout(show); });
  form.addEventListener("submit", (event) => event.preventDefault());

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link) { // A link leads to a place and keeps the filters.
      event.preventDefault();
      history.pushState(null, "", fragment(decodeURIComponent(link.hash.slice(1)), chosen()));
      show();
    }
    const button = event.target.closest("button.copy");
    if (button) {
      const text = button.parentElement.querySelector("code").textContent;
      try { await navigator.clipboard.writeText(text); } catch { // Not allowed from a file: select it instead.
        getSelection().selectAllChildren(button.parentElement.querySelector("code"));
        document.execCommand("copy");
      }
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    }
  });
  addEventListener("popstate", show);
  addEventListener("hashchange", show);
  show();

  const specification = document.getElementById("specification");
  if (!specification) return;
  const charts = JSON.parse(specification.textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const parent = document.getElementById("charts");
  const draw = () => {
    const ink = getComputedStyle(document.body).color;
    const line = getComputedStyle(document.documentElement).getPropertyValue("--line");
    const config = { background: "transparent", axis: { labelColor: ink, titleColor: ink, gridColor: line, domainColor: line, tickColor: line },
      legend: { labelColor: ink, titleColor: ink }, title: { color: ink }, view: { stroke: line } };
    parent.replaceChildren();
    for (const chart of charts) {
      const element = parent.appendChild(document.createElement("div"));
      element.className = "chart";
      vegaEmbed(element, { ...chart, config: { ...chart.config, ...config } }, { actions: false, renderer: "svg" });
    }
  };
  draw();
  dark.addEventListener("change", draw);
})();
