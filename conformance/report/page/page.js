"use strict";
// Every state is in the fragment: "#place?level=MUST&outcome=fail".
(() => {
  const form = document.getElementById("filters");
  const filters = ["implementation", "requirement", "level", "outcome"];
  document.documentElement.classList.add("js");

  // Whether an element is about the requirement that was chosen, or one of the group.
  function concerns({ group, requirement }, wanted) {
    if (!wanted) return true;
    if (requirement) return requirement === wanted || requirement.startsWith(wanted + ".");
    return !group || group === wanted.split(".")[0];
  }

  const place = () => decodeURIComponent(location.hash.slice(1).split("?")[0]);
  const chosen = () => new URLSearchParams(location.hash.split("?")[1] || "");

  function show({ still = false } = {}) {
    const state = chosen();
    for (const name of filters) form.elements[name].value = state.get(name) || "";
    const others = filters.filter((f) => f !== "requirement");
    for (const element of document.querySelectorAll(["group", ...filters].map((f) => `[data-${f}]`).join(","))) {
      element.hidden = others.some((f) => f in element.dataset && state.get(f) && element.dataset[f] !== state.get(f))
        || !concerns(element.dataset, state.get("requirement") || "");
    }
    showDifferences(state);
    const at = document.getElementById(place());
    for (const element of document.querySelectorAll(".evidence")) element.classList.toggle("open", element === at);
    if (at && !still) {
      at.hidden = false;
      for (let outer = at.closest("details"); outer; outer = outer.parentElement.closest("details")) outer.open = true;
      at.scrollIntoView();
      if (at.matches(".evidence, .card")) { at.tabIndex = -1; at.focus({ preventScroll: true }); }
    }
  }

  // Of two implementations only the columns, and of them only the rows that differ.
  const pair = document.getElementById("differences");
  function showDifferences(state) {
    if (!pair) return;
    const both = ["a", "b"].map((side) => (pair.elements[side].value = state.get(side) || ""));
    const chosenBoth = both[0] && both[1] && both[0] !== both[1];
    let differing = 0;
    for (const cell of document.querySelectorAll("#conventions thead th[data-implementation]"))
      if (chosenBoth) cell.hidden = !both.includes(cell.dataset.implementation);
    for (const row of document.querySelectorAll("#conventions tbody tr")) {
      const cells = [...row.querySelectorAll("td")];
      if (!chosenBoth) continue;
      for (const cell of cells) cell.hidden = !both.includes(cell.dataset.implementation);
      const [one, other] = both.map((name) => cells.find((cell) => cell.dataset.implementation === name).textContent);
      row.hidden = row.hidden || one === other;
      differing += !row.hidden;
    }
    const said = pair.querySelector(".said");
    said.replaceChildren();
    if (!chosenBoth) return;
    said.append(differing ? `They differ in ${differing} of these. How to carry weights from one to the other: ` : "Of these they differ in nothing. Numbers, and how to carry weights: ");
    said.appendChild(document.createElement("code")).textContent = `bnconf compare ${both[0]} ${both[1]}`;
  }

  if (pair) pair.addEventListener("change", () => {
    const state = chosen();
    for (const side of ["a", "b"]) { state.delete(side); if (pair.elements[side].value) state.set(side, pair.elements[side].value); }
    history.pushState(null, "", fragment("differences", state));
    show({ still: true });
  });

  function fragment(where, state) {
    const query = state.toString();
    return "#" + encodeURIComponent(where) + (query ? "?" + query : "");
  }

  form.addEventListener("change", () => {
    const state = chosen();
    for (const name of filters) { state.delete(name); if (form.elements[name].value) state.set(name, form.elements[name].value); }
    history.pushState(null, "", fragment(place(), state));
    show();
  });
  form.addEventListener("reset", () => { history.pushState(null, "", fragment(place(), new URLSearchParams())); setTimeout(() => show({ still: true })); });
  for (const each of document.forms) each.addEventListener("submit", (event) => event.preventDefault());

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link) { // A link leads to a place and keeps the filters.
      event.preventDefault();
      history.pushState(null, "", fragment(decodeURIComponent(link.hash.slice(1)), chosen()));
      show();
    }
    const button = event.target.closest("button.copy");
    if (button) {
      const text = button.dataset.text || button.parentElement.querySelector("code").textContent;
      try { await navigator.clipboard.writeText(text); } catch { // Not allowed everywhere: by a selection, then.
        const area = document.body.appendChild(document.createElement("textarea"));
        area.value = text;
        area.select();
        document.execCommand("copy");
        area.remove();
      }
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    }
  });
  addEventListener("popstate", () => show());
  addEventListener("hashchange", () => show());
  show();

  const specification = document.getElementById("specification");
  if (!specification) return;
  const { charts, points } = JSON.parse(specification.textContent);
  const rows = (columns) => {
    const names = Object.keys(columns);
    return columns[names[0]].map((_, k) => Object.fromEntries(names.map((name) => [name, columns[name][k]])));
  };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const parent = document.getElementById("charts");
  const draw = () => {
    const ink = getComputedStyle(document.body).color;
    const line = getComputedStyle(document.documentElement).getPropertyValue("--line");
    const config = { background: "transparent", axis: { labelColor: ink, titleColor: ink, gridColor: line, domainColor: line, tickColor: line },
      legend: { labelColor: ink, titleColor: ink, labelLimit: 0 }, title: { color: ink }, view: { stroke: line } };
    parent.replaceChildren();
    for (const chart of charts) {
      const element = parent.appendChild(document.createElement("div"));
      element.className = "chart";
      const spec = { ...chart.spec, datasets: { ...chart.spec.datasets, rows: rows(points[chart.rows]) }, config: { ...chart.spec.config, ...config } };
      vegaEmbed(element, spec, { actions: false, renderer: "svg" });
    }
  };
  // When the rest of the page stands: what draws is large, and takes longer to run than all of it.
  const start = () => {
    document.head.appendChild(document.createElement("script")).textContent = document.getElementById("vega").textContent;
    draw();
    dark.addEventListener("change", draw);
  };
  requestAnimationFrame(() => setTimeout(start));
})();
