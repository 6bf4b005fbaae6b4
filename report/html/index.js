"use strict";
// The program of the index: a search, and an order by column. Everything else
// stands in the page.
(() => {
  const $ = (id) => document.getElementById(id);
  const table = $("accounts");
  if (!table) return;
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells], rows = [...body.rows];
  const texts = new Map(rows.map((r) => [r, r.textContent.toLowerCase()]));
  const say = (text) => { $("say").textContent = text; };

  const search = document.createElement("input"), count = document.createElement("span");
  search.type = "search";
  search.placeholder = "Search accounts, names, questions  ( / )";
  search.setAttribute("aria-label", "Search accounts");
  count.className = "soft";
  count.hidden = true;
  $("tools").append(search, count);
  $("tools").hidden = false;
  function find() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const r of rows) {
      r.hidden = !words.every((w) => texts.get(r).includes(w));
      if (!r.hidden) shown++;
    }
    count.hidden = words.length === 0;
    count.textContent = words.length ? shown + " of " + rows.length : "";
    say(shown + " accounts");
  }
  search.addEventListener("input", find);

  // A column of numbers begins with the most, one of texts with the first.
  const value = (row, n) => row.cells[n].textContent.trim();
  heads.forEach((th, n) => {
    const button = document.createElement("button"), title = th.textContent, numbers = th.classList.contains("num");
    button.type = "button";
    button.textContent = title;
    button.addEventListener("click", () => {
      const was = th.getAttribute("aria-sort"), down = was ? was === "ascending" : numbers;
      for (const other of heads) other.removeAttribute("aria-sort");
      th.setAttribute("aria-sort", down ? "descending" : "ascending");
      const order = [...rows].sort((a, b) => {
        const x = value(a, n), y = value(b, n);
        const c = numbers ? (Number(x) || 0) - (Number(y) || 0) : x < y ? -1 : x > y ? 1 : 0;
        return down ? -c : c;
      });
      body.replaceChildren(...order);
      say("sorted by " + title + (down ? ", descending" : ""));
    });
    th.replaceChildren(button);
  });

  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    $("main").focus();
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target === search) return;
    search.focus();
    event.preventDefault();
  });
})();
