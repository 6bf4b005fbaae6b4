"use strict";
// The program of the page. It reads the data that stands in the page, makes
// elements of it, and never text into markup: names in an account are chosen
// by whoever may create users. The policy of the page forbids the rest.
(() => {
  const D = JSON.parse(document.getElementById("data").textContent);
  const T = D.texts;
  const F = D.findings;
  const list = (x) => x || [];
  const CONTROLS = list(D.controls), SUBJECTS = list(D.subjects), FACTS = list(D.facts), VERSIONS = list(D.versions);
  const ITEMS = list(D.items), COUNT = list(F.id).length, OWN = D.own;
  const STATUS = ["fail", "unknown", "manual", "pass", "not applicable", "accepted"];
  const STATUS_WORDS = ["failed", "unknown", "by hand", "passed", "not applicable", "accepted"];
  const ACCEPTED = 5;
  const SEVERITY = ["info", "low", "medium", "high", "critical"];
  const KINDS = ["account", "user", "role", "group", "policy", "other"];
  const SINCE = ["", "new", "changed", "gone"];
  const PAGE = 100;
  // The columns of an item, as the inventory has them.
  const [KIND, NAME, ID, OF, CREATED, ACTIVE, STATE, MFA, ATTACHED, MEMBERS, OWNER, ACCOUNT, ARN] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

  const $ = (id) => document.getElementById(id);

  // Elements. Children are texts or nodes; attributes beginning with "on" are
  // listeners.
  function el(tag, attributes, ...children) {
    const e = document.createElement(tag);
    for (const [k, v] of Object.entries(attributes || {})) {
      if (v === undefined || v === null || v === false) continue;
      if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
      else e.setAttribute(k, v === true ? "" : String(v));
    }
    add(e, children);
    return e;
  }
  function add(e, children) {
    for (const c of children.flat(Infinity)) {
      if (c === null || c === undefined || c === "") continue;
      e.append(c instanceof Node ? c : document.createTextNode(String(c)));
    }
  }
  const fill = (e, ...children) => { e.replaceChildren(); add(e, children); };
  // A name or text of the account, whose direction is its own, and which may be
  // long.
  const bdi = (text) => el("bdi", null, text);
  const clamp = (...content) => el("div", { class: "clamp" }, content);
  const say = (text) => { $("say").textContent = text; };
  const number = (n) => n.toLocaleString("en");

  // Times are seconds, 0 where not known.
  const day = (s) => (s ? new Date(s * 1000).toISOString().slice(0, 10) : "");
  const minute = (s) => (s ? new Date(s * 1000).toISOString().slice(0, 16).replace("T", " ") + "Z" : "");
  function age(s) {
    if (!s) return "of unknown age";
    const d = D.now - s;
    if (d < 60) return "new";
    if (d < 3600) return Math.floor(d / 60) + " min old";
    if (d < 48 * 3600) return Math.floor(d / 3600) + " h old";
    return Math.floor(d / 86400) + " days old";
  }
  function ago(s) {
    const n = Math.floor((D.now - s) / 86400);
    return n < 1 ? "today" : n === 1 ? "1 day ago" : number(n) + " days ago";
  }
  const dated = (s) => (s ? [day(s), D.now ? el("span", { class: "soft" }, " " + ago(s)) : ""] : "");

  const sev = (n) => el("span", { class: "sev " + SEVERITY[n] }, SEVERITY[n]);
  const status = (n) => el("span", { class: "status " + STATUS[n] }, STATUS_WORDS[n]);
  const whoLink = (arn, text) => el("a", { href: "#who=" + encodeURIComponent(arn) }, el("bdi", null, text));
  // What follows the account in an ARN.
  function short(arn) {
    const at = arn.indexOf(":" + D.account + ":");
    return D.account && at >= 0 && arn.startsWith("arn:") ? arn.slice(at + D.account.length + 2) : arn;
  }

  function copyButton(text, from) {
    return el("button", {
      type: "button",
      onclick: async (event) => {
        event.stopPropagation();
        const b = event.currentTarget;
        try {
          await navigator.clipboard.writeText(text);
          b.textContent = "copied";
          say("copied");
          setTimeout(() => { b.textContent = "copy"; }, 1500);
        } catch {
          // Where a page may not write to the clipboard, a person can.
          getSelection().selectAllChildren(from());
          say("selected; copy it with the keyboard");
        }
      },
    }, "copy");
  }
  function command(text) {
    const pre = el("pre", { tabindex: "0" }, text);
    return el("div", { class: "command" }, pre, copyButton(text, () => pre));
  }

  // ---- Findings -----------------------------------------------------------

  const statusOf = (i, version) => {
    let answer = F.status[i];
    if (version >= 0 && F.under[i]) {
      for (const [at, s] of F.under[i]) if (CONTROLS[F.control[i]].maps[at]?.[0] === version) answer = s;
    }
    return F.exempt[i] && answer === 0 ? ACCEPTED : answer;
  };
  const subjectARN = (i) => T[SUBJECTS[F.subject[i]][0]];
  const control = (i) => CONTROLS[F.control[i]];
  function subjectText(i) {
    let name = short(subjectARN(i));
    if (name === "root" && !T[control(i).id].startsWith("root.")) name = "account";
    return name;
  }
  // citation is recommendations in short: "1.12 in 1.3.0, 1.4.0 and 3 more".
  function citation(maps) {
    const byNumber = new Map();
    for (const m of maps) byNumber.set(T[m[1]], [...(byNumber.get(T[m[1]]) || []), VERSIONS[m[0]]]);
    return [...byNumber].map(([n, versions]) => n + " in " + versions.slice(0, 2).join(", ") + (versions.length > 2 ? " and " + (versions.length - 2) + " more" : "")).slice(0, 3).join("; ");
  }
  const numbers = (c, version) => c.maps.filter((m) => m[0] === version).map((m) => T[m[1]]).join(", ");

  // The findings of each subject, and how many failed.
  const byARN = new Map();
  for (let i = 0; i < OWN; i++) {
    const arn = SUBJECTS[F.subject[i]][0];
    let x = byARN.get(arn);
    if (!x) byARN.set(arn, (x = { all: [], failed: 0, worst: -1 }));
    x.all.push(i);
    if (F.status[i] === 0 && !F.exempt[i]) {
      x.failed++;
      x.worst = Math.max(x.worst, F.severity[i]);
    }
  }
  const itemByARN = new Map(ITEMS.filter((x) => x[ARN]).map((x) => [x[ARN], x]));
  const profileByARN = new Map(list(D.profiles).map((p) => [p.arn, p]));
  const wayByARN = new Map(list(D.ways).map((w) => [w.arn, w]));
  const numberOf = new Map();
  T.forEach((s, n) => numberOf.set(s, n));

  // Numbers of CIS in a search: "1.12", "5.0 1.9", "CIS 2." for a section. The
  // first of two is a version; one alone is so only where no recommendation has
  // that number. cited has the recommendations of each control that are meant,
  // bits the words that say so.
  const under = (part, text) => text === part || text.startsWith(part.endsWith(".") ? part : part + ".");
  const versionOf = (text) => VERSIONS.findIndex((v) => under(text.replace(/^(cis(-aws)?)?[- ]?v?/i, ""), v));
  function citations(words, chosen) {
    const said = [];
    let bits = 0;
    words.forEach((w, n) => {
      const text = w.replace(/^cis(-aws)?-?/, "").replace(/^v(?=\d)/, "");
      if (text !== "" && !/^\d+(\.\d+)*\.?$/.test(text)) return;
      if (text !== "" && !text.includes(".")) return; // 12 is no number of CIS
      bits |= 1 << n;
      if (text !== "") said.push(text);
    });
    if (!bits) return null;
    const isVersion = (text) => VERSIONS.some((v) => under(text, v)), isNumber = (text) => CONTROLS.some((c) => c.maps.some((m) => under(text, T[m[1]])));
    const version = said.length && isVersion(said[0]) && (said.length > 1 || !isNumber(said[0])) ? said.shift() : "";
    const named = version ? versionOf(version) : -1;
    const cited = CONTROLS.map((c) => c.maps.filter((m) => (chosen < 0 || m[0] === chosen) && (named < 0 || m[0] === named) && said.every((n) => under(n, T[m[1]]))));
    return { cited, bits, named };
  }

  // Searching looks at each text once, and then at numbers.
  let lower = null;
  function finder(query, version) {
    const words = query.toLowerCase().split(/[\s,]+/).filter(Boolean).slice(0, 30);
    if (words.length === 0) return null;
    lower ||= T.map((s) => s.toLowerCase());
    const masks = new Uint32Array(T.length);
    words.forEach((w, n) => { for (let t = 0; t < lower.length; t++) if (lower[t].includes(w)) masks[t] |= 1 << n; });
    const all = 2 ** words.length - 1;
    return { masks, all, words, cis: citations(words, version) };
  }
  function matches(found, i) {
    const { masks, all, words, cis } = found;
    const c = control(i), s = SUBJECTS[F.subject[i]];
    let m = masks[F.summary[i]] | masks[s[0]] | masks[s[1]] | masks[F.part[i]] | masks[c.id] | masks[c.title] | masks[F.remedy[i]];
    const x = F.exempt[i];
    if (x) m |= masks[x[0]] | masks[x[1]];
    if (cis && cis.cited[F.control[i]].length) m |= cis.bits;
    if (words.length === 1 && F.id[i].toLowerCase() === words[0]) return true;
    return (m >>> 0) === all;
  }

  let cited = []; // by the search, for each control
  let answers = -1; // the version whose answers are shown; -1 for warden's own
  function filtered(q) {
    const chosen = VERSIONS.indexOf(q.version), wanted = q.status, found = finder(q.q, chosen), out = [];
    cited = found?.cis?.cited || [];
    const version = answers = chosen >= 0 ? chosen : found?.cis?.named ?? -1;
    const kind = KINDS.indexOf(q.kind), since = SINCE.indexOf(q.since);
    const inVersion = CONTROLS.map((c) => chosen < 0 || c.maps.some((m) => m[0] === chosen));
    const rightControl = CONTROLS.map((c, n) => inVersion[n] && (!q.control || T[c.id] === q.control));
    for (let i = 0; i < COUNT; i++) {
      if (since > 0 ? F.since[i] !== since : i >= OWN) continue;
      if (!rightControl[F.control[i]] || !wanted.has(statusOf(i, version)) || !q.severity.has(F.severity[i])) continue;
      if (q.why !== "" && F.why[i] !== Number(q.why)) continue;
      if (kind >= 0 && SUBJECTS[F.subject[i]][2] !== kind) continue;
      if (found && !matches(found, i)) continue;
      out.push(i);
    }
    return out;
  }

  function detail(i) {
    const c = control(i), arn = subjectARN(i), id = T[SUBJECTS[F.subject[i]][1]];
    const rows = [];
    const row = (name, ...value) => rows.push(el("dt", null, name), el("dd", null, value));
    row("question", T[c.title], " ", el("code", null, T[c.id]), T[c.why] ? el("div", { class: "soft" }, T[c.why]) : "");
    row("answer", status(statusOf(i, -1)), ", ", SEVERITY[F.severity[i]], F.was[i] ? el("span", { class: "soft" }, " (was " + T[F.was[i]] + ")") : "", el("div", { class: "text" }, el("bdi", null, T[F.summary[i]])));
    row("subject", whoLink(arn, arn), T[F.part[i]] ? [", ", el("bdi", null, T[F.part[i]])] : "", id ? el("div", { class: "soft mono" }, el("bdi", null, id)) : "");
    const x = F.exempt[i];
    if (x) row("accepted", "until " + minute(x[2]) + " by ", el("bdi", null, T[x[1]]), ": ", el("bdi", null, T[x[0]]));
    if (F.facts[i].length) {
      row("evidence", el("ul", { class: "text" }, F.facts[i].map((n) => {
        const [text, source, at] = FACTS[n];
        return el("li", null, el("bdi", null, T[text]), " ", el("span", { class: "soft" }, el("bdi", null, T[source]), ", ", el("span", { title: minute(at) || null }, age(at))));
      })));
    }
    if (c.maps.length) {
      row("CIS", el("div", { class: "versions" }, c.maps.map((m, at) => {
        let s = statusOf(i, -1);
        for (const [n, other] of list(F.under[i])) if (n === at) s = other;
        return el("span", null, el("span", { class: "soft" }, VERSIONS[m[0]] + " "), T[m[1]], " ", status(s), m[3] ? el("span", { class: "soft" }, " at " + m[3] + " days") : "");
      })));
    }
    if (T[F.remedy[i]]) row("remedy", el("bdi", null, T[F.remedy[i]]));
    if (T[F.command[i]]) row("command", command(T[F.command[i]]));
    row("id", el("a", { href: "#findings?status=all&q=" + encodeURIComponent(F.id[i]) }, el("code", null, F.id[i])), T[c.source] ? el("span", { class: "soft" }, " · rule after " + T[c.source]) : "");
    return el("dl", { class: "detail" }, rows);
  }

  // ---- Tables ------------------------------------------------------------

  // A table in pages, whose columns sort. columns have name, title, cell(row),
  // key(row) to sort by, num, wide (a line of its own on a narrow screen).
  // open(row), if there is one, is shown below a row on demand.
  function grid(o) {
    let rows = o.rows, page = 0, sort = o.sort || "", down = o.down || false, sorted = null;
    const body = el("tbody"), head = el("tr"), top = el("div", { class: "pages" }), bottom = el("div", { class: "pages" });
    const table = el("table", { class: "grid " + (o.class || ""), "aria-label": o.label }, el("thead", null, head), body);
    const host = el("div", null, top, el("div", { class: "sheet" }, table), bottom);

    function order() {
      const c = o.columns.find((c) => c.name === sort);
      if (!c) { sorted = rows; return; }
      const keys = new Map(rows.map((r) => [r, c.key(r)]));
      sorted = [...rows].sort((a, b) => {
        const x = keys.get(a), y = keys.get(b);
        const n = typeof x === "number" ? x - y : x < y ? -1 : x > y ? 1 : 0;
        return down ? -n : n;
      });
    }
    function drawHead() {
      fill(head, o.columns.map((c) => el("th", { scope: "col", class: (c.num ? "num " : "") + "c-" + c.name, "aria-sort": c.name === sort ? (down ? "descending" : "ascending") : null },
        c.key ? el("button", { type: "button", onclick: () => {
          if (sort === c.name) down = !down; else { sort = c.name; down = Boolean(c.num) || c.down === true; }
          page = 0;
          order(); drawHead(); drawBody();
          say("sorted by " + c.title + (down ? ", descending" : ""));
          if (o.sorted) o.sorted(sort, down);
        } }, c.title) : el("span", null, c.title))));
    }
    function line(r) {
      const tr = el("tr", { class: o.open ? "row" : "row plain" });
      let more = null, button = null;
      const toggle = () => {
        if (more) { more.remove(); more = null; } else {
          more = el("tr", { class: "more-row" }, el("td", { colspan: o.columns.length }, o.open(r)));
          tr.after(more);
        }
        tr.classList.toggle("open", Boolean(more));
        button.setAttribute("aria-expanded", String(Boolean(more)));
      };
      for (const c of o.columns) {
        let content = c.cell(r);
        const blank = content === "" || content === null || content === undefined;
        if (o.open && c.opens) {
          content = button = el("button", { type: "button", class: "open-button", "aria-expanded": "false", onkeydown: keys }, content);
        }
        tr.append(el("td", { class: [c.num ? "num" : "", c.wide ? "wide" : "", c.date ? "date" : "", blank ? "blank" : ""].join(" ").trim(), "data-label": c.label ? c.title : null }, content));
      }
      if (o.open) {
        tr.addEventListener("click", (event) => {
          if (event.target.closest("a")) return;
          if (String(getSelection()) && !event.target.closest("button")) return; // somebody marks a text
          toggle();
        });
        tr.toggle = toggle;
      }
      return tr;
    }
    function keys(event) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        const buttons = [...body.querySelectorAll(".open-button")];
        const next = buttons[buttons.indexOf(event.currentTarget) + step];
        if (next) { next.focus(); event.preventDefault(); }
      } else if (event.key === "Escape" && event.currentTarget.getAttribute("aria-expanded") === "true") {
        event.currentTarget.click();
      }
    }
    function pager(to) {
      const n = sorted.length, pages = Math.max(1, Math.ceil(n / PAGE));
      const go = (p) => () => { page = p; drawBody(); host.scrollIntoView({ block: "start" }); };
      fill(to, el("span", { class: "count" }, n ? number(page * PAGE + 1) + "–" + number(Math.min(n, (page + 1) * PAGE)) + " of " + number(n) + " " + (o.what || "") : ""),
        pages > 1 ? [
          el("button", { type: "button", disabled: page === 0, onclick: go(0), class: "ends", "aria-label": "first page" }, "«"),
          el("button", { type: "button", disabled: page === 0, onclick: go(page - 1), "aria-label": "page before" }, "‹"),
          el("span", null, "page " + (page + 1) + " of " + pages),
          el("button", { type: "button", disabled: page >= pages - 1, onclick: go(page + 1), "aria-label": "next page" }, "›"),
          el("button", { type: "button", disabled: page >= pages - 1, onclick: go(pages - 1), class: "ends", "aria-label": "last page" }, "»"),
        ] : "");
    }
    function drawBody() {
      if (sorted.length === 0) fill(body, el("tr", null, el("td", { class: "empty", colspan: o.columns.length }, o.empty || "Nothing.")));
      else fill(body, sorted.slice(page * PAGE, (page + 1) * PAGE).map(line));
      pager(top);
      pager(bottom);
      bottom.hidden = sorted.length <= PAGE;
      if (o.open && sorted.length === 1) body.firstChild.toggle();
    }
    order(); drawHead(); drawBody();
    return { host, rows: () => sorted, show(next) { rows = next; page = 0; order(); drawBody(); } };
  }

  const findingColumns = (version, o = {}) => [
    { name: "severity", title: "severity", cell: (i) => sev(F.severity[i]), key: (i) => F.severity[i], down: true },
    { name: "status", title: "status", cell: (i) => status(statusOf(i, version())), key: (i) => statusOf(i, version()) },
    ...(o.withoutSubject ? [] : [{ name: "subject", title: "subject", wide: true, cell: (i) => clamp(bdi(subjectText(i) + (T[F.part[i]] ? ", " + T[F.part[i]] : ""))), key: (i) => subjectText(i) }]),
    { name: "summary", title: "finding", wide: true, opens: true, cell: (i) => clamp(F.since[i] ? el("span", { class: "tag" }, SINCE[F.since[i]]) : "", o.withoutSubject && T[F.part[i]] ? [bdi(T[F.part[i]]), ": "] : "", bdi(T[F.summary[i]])), key: (i) => T[F.summary[i]] },
    { name: "control", title: "question", cell: (i) => {
      const c = control(i), v = version() >= 0 ? version() : VERSIONS.length - 1;
      const hits = o.withoutSubject ? null : cited[F.control[i]];
      const n = hits?.length && v !== version() ? citation(hits) : numbers(c, v);
      return [el("code", null, T[c.id]), n ? el("span", { class: "soft" }, " CIS " + n) : ""];
    }, key: (i) => T[control(i).id] },
  ];

  // ---- The view of findings ---------------------------------------------

  let query = null, findingsGrid = null, controls = null;
  const parseSet = (text, names, otherwise) => {
    if (text === "all") return new Set(names.keys());
    const out = new Set((text || "").split(",").map((s) => names.indexOf(s)).filter((n) => n >= 0));
    return out.size ? out : new Set(otherwise);
  };
  function parseQuery(p) {
    const since = SINCE.includes(p.get("since")) ? p.get("since") || "" : "";
    return {
      q: p.get("q") || "", status: parseSet(p.get("status"), STATUS, since ? STATUS.keys() : [0, 1]), severity: parseSet(p.get("severity"), SEVERITY, SEVERITY.keys()),
      control: p.get("control") || "", version: VERSIONS[versionOf(p.get("version") || "?")] || "", kind: p.get("kind") || "", since,
      why: D.reasons?.[p.get("why")] === undefined ? "" : p.get("why"),
    };
  }
  function writeQuery(q) {
    const p = new URLSearchParams();
    if (q.q) p.set("q", q.q);
    if (q.status.size === STATUS.length) p.set("status", "all");
    else if (q.since || !(q.status.size === 2 && q.status.has(0) && q.status.has(1))) p.set("status", [...q.status].sort().map((n) => STATUS[n]).join(","));
    if (q.severity.size < SEVERITY.length) p.set("severity", [...q.severity].sort().map((n) => SEVERITY[n]).join(","));
    for (const k of ["control", "version", "kind", "since", "why"]) if (q[k]) p.set(k, q[k]);
    const text = p.toString();
    return "#findings" + (text ? "?" + text : "");
  }
  function replaceHash(hash) { history.replaceState(null, "", hash); }

  // chips choose some of many. With alone, all stands for none in particular:
  // the first that is chosen is chosen alone.
  function chips(label, order, words, set, changed, alone) {
    const box = el("div", { class: "chips", role: "group", "aria-label": label });
    const everything = (s) => s.size === words.length;
    const buttons = order.map((n) => el("button", { type: "button", "aria-pressed": "false", onclick: () => {
      const s = set();
      if (alone && everything(s)) s.clear();
      if (s.has(n)) s.delete(n); else s.add(n);
      if (s.size === 0) words.forEach((_, m) => s.add(m));
      changed();
    } }, words[n]));
    add(box, buttons);
    box.sync = () => buttons.forEach((b, at) => b.setAttribute("aria-pressed", String(set().has(order[at]) && !(alone && everything(set())))));
    return box;
  }
  function select(label, first, values, texts, get, set) {
    const s = el("select", { "aria-label": label, onchange: () => set(s.value) }, el("option", { value: "" }, first), values.map((v, n) => el("option", { value: v }, texts[n])));
    s.sync = () => { s.value = get(); if (s.selectedIndex < 0) s.value = ""; };
    return s;
  }

  function buildFindings() {
    const host = $("findings");
    let timer = 0;
    const search = el("input", { type: "search", placeholder: "Search names, ARNs, texts, CIS numbers  ( / )", "aria-label": "Search findings", oninput: () => {
      query.q = search.value;
      clearTimeout(timer);
      timer = setTimeout(changed, 80);
    } });
    search.id = "search";
    search.sync = () => { if (search.value !== query.q) search.value = query.q; };
    const ids = CONTROLS.map((c) => T[c.id]).sort();
    const exists = (n) => COUNT && (n === ACCEPTED ? Object.keys(F.exempt).length > 0 : F.status.includes(n));
    const shown = [0, 1, ACCEPTED, 2, 3, 4].filter(exists);
    controls = [
      search,
      chips("Status", shown, STATUS_WORDS, () => query.status, changed, false),
      chips("Severity", [4, 3, 2, 1, 0], SEVERITY, () => query.severity, changed, true),
      select("Question", "every question", ids, ids, () => query.control, (v) => { query.control = v; changed(); }),
      select("Benchmark", "every benchmark", VERSIONS, VERSIONS.map((v) => "CIS " + v), () => query.version, (v) => { query.version = v; changed(); }),
      select("Kind of subject", "every kind", KINDS, KINDS, () => query.kind, (v) => { query.kind = v; changed(); }),
    ];
    if (Object.keys(F.since).length) controls.push(select("Since the baseline", "changed or not", SINCE.slice(1), SINCE.slice(1), () => query.since, (v) => { query.since = v; changed(); }));
    findingsGrid = grid({ rows: [], columns: findingColumns(() => answers), open: detail, class: "findings", label: "Findings", what: "findings", empty: "No finding is like this." });
    // Why there is no answer is chosen in the summary, and can be dropped here.
    const why = el("button", { type: "button", class: "why", onclick: () => { query.why = ""; changed(); } });
    why.sync = () => {
      why.hidden = query.why === "";
      fill(why, query.why === "" ? "" : [el("bdi", null, "because: " + T[D.reasons[query.why]]), " ×"]);
    };
    controls.push(why);
    const reset = el("button", { type: "button", onclick: () => { query = parseQuery(new URLSearchParams()); changed(); } }, "reset");
    fill(host, el("h1", { id: "findings-title" }, "Findings"), el("div", { class: "tools" }, controls, reset), findingsGrid.host);
    function changed() { replaceHash(writeQuery(query)); drawFindings(); }
  }
  function drawFindings() {
    controls.forEach((c) => c.sync());
    const rows = filtered(query);
    findingsGrid.show(rows);
    say(number(rows.length) + " findings");
  }

  // ---- Inventory -----------------------------------------------------------

  // Keys name their user, and users their groups, by name; a name is of a kind
  // and an account.
  const arnOf = new Map(ITEMS.filter((x) => x[ARN]).map((x) => [T[x[KIND]] + " " + x[ACCOUNT] + " " + x[NAME], x[ARN]]));
  const lookUp = (kind, account, name) => arnOf.get(kind + " " + account + " " + name);
  function named(kind, account, name) {
    const arn = lookUp(kind, account, name);
    return arn === undefined ? bdi(T[name]) : whoLink(T[arn], T[name]);
  }
  const severalAccounts = ITEMS.some((x) => x[ACCOUNT] !== ITEMS[0][ACCOUNT]);

  const itemText = (n) => (x) => T[x[n]];
  const failedOf = (x) => byARN.get(x[ARN])?.failed || 0;
  const column = {
    name: { name: "name", title: "name", wide: true, cell: (x) => clamp(x[ARN] ? whoLink(T[x[ARN]], T[x[NAME]]) : bdi(T[x[NAME]])), key: itemText(NAME) },
    failed: { name: "failed", title: "failed", num: true, label: true, cell: (x) => { const n = failedOf(x); return n ? [n, " ", sev(byARN.get(x[ARN]).worst)] : ""; }, key: failedOf },
    id: { name: "id", title: "unique id", cell: (x) => el("div", { class: "clamp mono soft" }, bdi(T[x[ID]])), key: itemText(ID) },
    of: { name: "of", title: "of user", label: true, cell: (x) => clamp(named("user", x[ACCOUNT], x[OF])), key: itemText(OF) },
    created: { name: "created", title: "created", date: true, label: true, cell: (x) => dated(x[CREATED]), key: (x) => x[CREATED] },
    active: { name: "active", title: "last used", date: true, label: true, cell: (x) => dated(x[ACTIVE]), key: (x) => x[ACTIVE] },
    state: { name: "state", title: "state", cell: (x) => bdi(T[x[STATE]]), key: itemText(STATE) },
    mfa: { name: "mfa", title: "MFA", label: true, cell: (x) => T[x[MFA]], key: itemText(MFA) },
    attached: { name: "attached", title: "own policies", num: true, label: true, cell: (x) => x[ATTACHED], key: (x) => x[ATTACHED] },
    held: { name: "attached", title: "attached to", num: true, label: true, cell: (x) => x[ATTACHED], key: (x) => x[ATTACHED] },
    members: { name: "members", title: "members", num: true, label: true, cell: (x) => x[MEMBERS], key: (x) => x[MEMBERS] },
    account: { name: "account", title: "account", label: true, cell: (x) => bdi(T[x[ACCOUNT]]), key: itemText(ACCOUNT) },
    owner: { name: "owner", title: "owner", label: true, cell: (x) => (T[x[OWNER]] ? clamp(bdi(T[x[OWNER]])) : ""), key: itemText(OWNER) },
  };
  const c = column;
  const KIND_COLUMNS = {
    "user": ["Users", [c.name, c.failed, c.state, c.active, c.created, c.mfa, c.attached, c.owner, c.id]],
    "role": ["Roles", [c.name, c.failed, c.state, c.active, c.created, c.attached, c.owner, c.id]],
    "group": ["Groups", [c.name, c.failed, c.members, c.attached, c.created, c.id]],
    "policy": ["Policies", [c.name, c.failed, c.held, c.created, c.owner, c.id]],
    "access key": ["Access keys", [c.name, c.of, c.state, c.active, c.created, c.id]],
    "MFA device": ["MFA devices", [c.name, c.of, c.state, c.created]],
  };
  function columnsOf(kind) {
    const [first, ...others] = (KIND_COLUMNS[kind]?.[1] || [c.name]).filter((x) => COUNT || x !== c.failed);
    return severalAccounts ? [first, c.account, ...others] : [first, ...others];
  }
  let inventoryGrid = null, inventoryKind = "";
  function drawInventory(p) {
    const kinds = Object.keys(KIND_COLUMNS).filter((k) => ITEMS.some((x) => T[x[KIND]] === k));
    const kind = kinds.includes(p.get("kind")) ? p.get("kind") : kinds[0] || "";
    inventoryKind = kind;
    const title = KIND_COLUMNS[kind]?.[0] || "Inventory", columns = columnsOf(kind);
    const items = ITEMS.filter((x) => T[x[KIND]] === kind);
    const tabs = el("div", { class: "chips", role: "group", "aria-label": "Kind" }, kinds.map((k) => el("button", { type: "button", "aria-pressed": String(k === kind), onclick: () => { location.hash = "#inventory?kind=" + encodeURIComponent(k); } },
      KIND_COLUMNS[k][0] + " " + number(ITEMS.reduce((n, x) => n + (T[x[KIND]] === k), 0)))));
    const show = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      inventoryGrid.show(words.length ? items.filter((x) => {
        const text = [NAME, ID, OF, STATE, OWNER, ARN].map((n) => T[x[n]]).join("\n").toLowerCase();
        return words.every((w) => text.includes(w));
      }) : items);
    };
    const search = el("input", { type: "search", id: "search-inventory", placeholder: "Search names, ids, owners  ( / )", "aria-label": "Search the inventory", oninput: show });
    inventoryGrid = grid({ rows: items, columns, label: title, what: title.toLowerCase(), sort: p.get("sort") || "", down: p.get("down") === "1", sorted: (s, d) => replaceHash("#inventory?kind=" + encodeURIComponent(kind) + "&sort=" + s + (d ? "&down=1" : "")) });
    fill($("inventory"), el("h1", { id: "inventory-title" }, "Inventory"), el("div", { class: "tools" }, tabs, search), inventoryGrid.host);
  }

  // ---- One principal -------------------------------------------------------

  function names(numbers, node, most = 60) {
    const shown = numbers.slice(0, most).flatMap((n, i) => [i ? ", " : "", node(n)]);
    return numbers.length > most ? [shown, " and " + number(numbers.length - most) + " more"] : shown;
  }
  const arnLink = (n) => whoLink(T[n], T[n].startsWith("arn:") ? T[n].slice(T[n].lastIndexOf("/") + 1) : T[n]);

  function way(w) {
    if (!w.steps) return el("p", null, "Is an administrator: " + T[w.state].replace("administrator: ", "") + ".");
    return [
      el("p", null, "Can become an administrator: ", el("strong", null, T[w.state])),
      el("ol", { class: "steps" }, w.steps.map((s) => el("li", null,
        el("code", null, T[s.path]), " ", T[s.title], s.to ? [", and is ", arnLink(s.to)] : s.through ? [", through ", el("bdi", null, short(T[s.through]))] : "", T[s.state] === "allowed" ? "" : " (" + T[s.state] + ")",
        list(s.hangs).length ? el("div", { class: "soft" }, "hangs on " + s.hangs.map((n) => T[n]).join("; ")) : "",
        list(s.by).map(([action, resource, statement]) => el("div", { class: "soft" }, el("code", null, T[action]), " on ", el("bdi", null, T[resource]), statement ? [": ", el("bdi", null, T[statement])] : ""))))),
    ];
  }

  function drawWho(arn) {
    const n = numberOf.get(arn), x = itemByARN.get(n), p = profileByARN.get(n) || {}, found = byARN.get(n), w = wayByARN.get(n);
    const rows = [];
    const row = (name, ...value) => rows.push(el("dt", null, name), el("dd", null, value));
    const account = x ? x[ACCOUNT] : 0, kind = x ? T[x[KIND]] : arn.endsWith(":root") ? "account" : "subject";
    row("ARN", el("code", null, el("bdi", null, arn)));
    if (x) {
      if (T[x[ID]]) row("unique id", el("code", null, el("bdi", null, T[x[ID]])));
      if (x[CREATED]) row("created", dated(x[CREATED]));
      if (T[x[OWNER]]) row("owner", el("bdi", null, T[x[OWNER]]));
      if (T[x[STATE]]) row("state", T[x[STATE]]);
      if (kind === "user") row("MFA", T[x[MFA]] || "unknown");
    }
    if (p.used || p.confidence) {
      row("last active", p.used ? [minute(p.used[0]), D.now ? " (" + ago(p.used[0]) + ")" : "", " by ", el("bdi", null, T[p.used[1]]), el("div", { class: "soft" }, "from ", el("bdi", null, T[p.used[2]]), ", ", age(p.used[3]))] : "no use is known",
        el("div", { class: "soft" }, "confidence: " + T[p.confidence], p.since ? "; looked back to " + day(p.since) : "", list(p.doubts).length ? ["; not looked at: ", el("bdi", null, p.doubts.map((d) => T[d]).join(", "))] : ""));
    }
    if (list(p.groups).length) row("groups", names(p.groups, (m) => named("group", account, m)));
    if (list(p.members).length) row("members", names(p.members, (m) => named("user", account, m)));
    if (list(p.attached).length) row("policies", names(p.attached, arnLink));
    const through = list(p.groups).flatMap((g) => list(profileByARN.get(lookUp("group", account, g))?.attached));
    if (through.length) row("by groups", names([...new Set(through)], arnLink));
    if (list(p.inline).length) row("inline", names(p.inline, (m) => el("bdi", null, T[m])));
    if (p.boundary) row("boundary", arnLink(p.boundary));
    if (list(p.trusted).length) row("trusts", names(p.trusted, (m) => (itemByARN.has(m) ? whoLink(T[m], short(T[m])) : el("bdi", null, T[m]))));
    if (kind === "policy") {
      const holders = list(D.profiles).filter((other) => list(other.attached).includes(n)), bounded = list(D.profiles).filter((other) => other.boundary === n);
      const holder = (other) => whoLink(T[other.arn], short(T[other.arn]));
      if (holders.length) row("attached to", names(holders, holder));
      if (bounded.length) row("boundary of", names(bounded, holder));
    }
    const own = kind === "user" ? ITEMS.filter((i) => i[OF] === x[NAME] && i[ACCOUNT] === account) : [];
    const cards = [el("section", { class: "block", "aria-label": "Key facts" }, el("dl", { class: "detail" }, rows))];
    const right = [];
    if (own.length) {
      right.push(el("h2", null, "Keys and devices"), el("div", { class: "scroll" }, el("table", { class: "list belongings" }, el("thead", null, el("tr", null, ["name", "state", "created", "last used"].map((t) => el("th", { scope: "col" }, t)))),
        el("tbody", null, own.map((i) => el("tr", null, el("td", null, bdi(T[i[NAME]]), T[i[ID]] ? el("span", { class: "soft mono" }, " " + T[i[ID]]) : ""), el("td", null, T[i[STATE]]), el("td", { class: "date" }, dated(i[CREATED])), el("td", { class: "date" }, i[ACTIVE] ? dated(i[ACTIVE]) : T[i[KIND]] === "access key" ? "not known" : "")))))));
    }
    if (w) right.push(el("h2", null, "Escalation"), way(w));
    if (right.length) cards.push(el("section", { class: "block", "aria-label": "Keys and escalation" }, right));
    const rowsOf = found ? found.all : [];
    fill($("who"), el("a", { class: "back", href: "#inventory" + (KIND_COLUMNS[kind] ? "?kind=" + encodeURIComponent(kind) : "") }, "‹ " + (KIND_COLUMNS[kind] ? KIND_COLUMNS[kind][0] : "Inventory")),
      el("h1", { id: "who-title", class: "clamp" }, kind + " ", bdi(x ? T[x[NAME]] : short(arn))),
      el("div", { class: "cards" }, cards),
      el("h2", null, found ? number(found.failed) + " failed of " + number(rowsOf.length) + " answers" : "No finding is about this."),
      rowsOf.length ? grid({ rows: rowsOf, columns: findingColumns(() => -1, { withoutSubject: true }), open: detail, class: "findings", label: "Findings about this", what: "findings" }).host : "");
  }

  // ---- Ways ----------------------------------------------------------------

  function buildWays() {
    const ways = list(D.ways).filter((w) => w.steps);
    if (!$("ways") || !ways.length) return;
    const how = (w) => w.steps.map((s) => T[s.path] + " " + (s.to ? short(T[s.to]) : "administrator")).join(" → ");
    fill($("ways"), el("h2", null, "Everybody who can, or might"), grid({
      rows: ways, class: "ways", label: "Ways", what: "principals", open: way, columns: [
        { name: "who", title: "principal", wide: true, opens: true, cell: (w) => clamp(bdi(short(T[w.arn]))), key: (w) => T[w.arn] },
        { name: "state", title: "answer", cell: (w) => T[w.state], key: (w) => T[w.state] },
        { name: "steps", title: "steps", num: true, label: true, cell: (w) => w.steps.length, key: (w) => w.steps.length },
        { name: "how", title: "how", wide: true, cell: (w) => clamp(bdi(how(w))), key: how },
        { name: "page", title: "page", cell: (w) => whoLink(T[w.arn], "show") },
      ],
    }).host);
  }

  // A picture that is wider than the screen is read from the right: there is the
  // administrator, and most who become one stand beside.
  let seen = false;
  function showEnd() {
    const p = document.querySelector(".picture");
    if (p && !seen) p.scrollLeft = p.scrollWidth - Math.max(p.clientWidth, 560);
    seen = true;
  }

  // ---- Where one is ----------------------------------------------------------

  const title = document.title;
  const VIEWS = ["summary", "findings", "escalation", "inventory", "who"];
  function route() {
    let hash = location.hash.slice(1), view = "", rest = "";
    if (hash.startsWith("who=")) {
      view = "who";
      try { rest = decodeURIComponent(hash.slice(4)); } catch { rest = ""; }
    } else {
      [view, rest = ""] = hash.split(/\?(.*)/s);
      if (!VIEWS.includes(view) || view === "who" || !$(view) || (view === "findings" && !COUNT)) view = COUNT ? "summary" : "inventory";
    }
    if (view === "findings") {
      if (!findingsGrid) buildFindings();
      query = parseQuery(new URLSearchParams(rest));
      drawFindings();
    }
    if (view === "escalation") setTimeout(showEnd, 0);
    if (view === "inventory") drawInventory(new URLSearchParams(rest));
    if (view === "who") drawWho(rest);
    const moved = document.body.dataset.view !== undefined;
    document.body.dataset.view = view;
    for (const v of VIEWS) if ($(v)) $(v).hidden = v !== view;
    document.title = view === "summary" ? title : ($(view + "-title")?.textContent || view) + " · " + title;
    for (const a of $("nav").children) {
      if (a.dataset.view === view || (view === "who" && a.dataset.view === "inventory")) a.setAttribute("aria-current", "page");
      else a.removeAttribute("aria-current");
    }
    if (moved) { scrollTo(0, 0); $("main").focus({ preventScroll: true }); }
  }

  function buildNav() {
    const open = COUNT ? F.status.reduce((n, s, i) => n + (s < 2 && !F.exempt[i] && i < OWN), 0) : 0;
    const parts = [["summary", "Summary", ""], ["findings", "Findings", open], ["escalation", "Escalation", list(D.ways).filter((w) => w.steps).length || ""], ["inventory", "Inventory", ITEMS.length]];
    fill($("nav"), parts.filter(([v]) => (COUNT || v === "inventory") && (v !== "inventory" || ITEMS.length)).map(([v, text, n]) => el("a", { href: "#" + v, "data-view": v }, text, n === "" ? "" : el("span", { class: "n" }, number(n)))));
    $("nav").hidden = false;
    // What the summary counts leads to the findings.
    for (const a of document.querySelectorAll("a.go")) {
      const p = new URLSearchParams();
      for (const k of ["q", "status", "control", "version", "since", "why"]) if (a.dataset[k]) p.set(k, a.dataset[k]);
      if (a.dataset.control) p.set("status", "fail");
      if (a.dataset.q) p.set("status", "all");
      a.href = "#findings?" + p;
    }
  }

  // ---- Paper -----------------------------------------------------------------

  // What is printed is not in pages: the rows that are chosen, or everything
  // that failed, is unknown or was accepted.
  const PAPER = 3000;
  function paper() {
    const view = document.body.dataset.view;
    const left = (n) => (n > PAPER ? el("p", null, "and " + number(n - PAPER) + " more, which are not printed") : "");
    if (view === "who") return;
    document.body.dataset.paper = "1";
    if (view === "inventory") {
      const rows = inventoryGrid.rows(), columns = columnsOf(inventoryKind);
      fill($("paper"), el("table", { class: "list" }, el("thead", null, el("tr", null, columns.map((c) => el("th", null, c.title)))), el("tbody", null, rows.slice(0, PAPER).map((x) => el("tr", null, columns.map((c) => el("td", null, c.cell(x))))))), left(rows.length));
      return;
    }
    const out = [];
    const part = (title, rows) => {
      if (!rows.length) return;
      out.push(el("h1", null, title + ": " + number(rows.length)));
      const groups = new Map();
      for (const i of rows.slice(0, PAPER)) {
        if (!groups.has(F.control[i])) groups.set(F.control[i], []);
        groups.get(F.control[i]).push(i);
      }
      for (const [n, members] of groups) {
        out.push(el("section", { class: "group" }, el("h2", null, sev(Math.max(...members.map((i) => F.severity[i]))), " ", T[CONTROLS[n].title], " ", el("code", { class: "soft" }, T[CONTROLS[n].id])),
          T[F.remedy[members[0]]] ? el("p", null, T[F.remedy[members[0]]]) : "",
          el("ul", { class: "plain" }, members.map((i) => el("li", null, el("bdi", null, subjectText(i) + (T[F.part[i]] ? ", " + T[F.part[i]] : "")), ": ", el("bdi", null, T[F.summary[i]]),
            F.exempt[i] ? " (accepted until " + minute(F.exempt[i][2]) + " by " + T[F.exempt[i][1]] + ": " + T[F.exempt[i][0]] + ")" : "")))));
      }
      out.push(left(rows.length));
    };
    if (view === "findings") part("Findings", findingsGrid.rows());
    else {
      const every = (s) => filtered({ ...parseQuery(new URLSearchParams()), status: new Set([s]) });
      part("Failed", every(0));
      part("Unknown", every(1));
      part("Accepted", every(ACCEPTED));
    }
    fill($("paper"), out);
  }

  addEventListener("beforeprint", paper);
  addEventListener("afterprint", () => { fill($("paper")); delete document.body.dataset.paper; });
  addEventListener("hashchange", route);
  // The views have the names of their sections, to which a browser would go.
  addEventListener("load", () => setTimeout(() => { if (location.hash) scrollTo(0, 0); }, 0));
  // The address says what is looked at, and the link for the keyboard leaves it.
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    $("main").focus();
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const box = document.body.dataset.view === "inventory" ? $("search-inventory") : $("search");
    if (document.body.dataset.view !== "inventory" && document.body.dataset.view !== "findings") {
      if (!COUNT) return;
      location.hash = "#findings";
      setTimeout(() => $("search").focus(), 0);
    } else if (box) box.focus();
    event.preventDefault();
  });

  buildNav();
  buildWays();
  route();
})();
