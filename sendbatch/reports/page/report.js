/* The page is whole without this: it draws the curves, tells times in the reader's zone, sorts, searches and
   copies. It asks nothing of anybody. */
(() => {
  "use strict";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const made = (name, fields = {}, ...children) => {
    const one = Object.assign(document.createElement(name), fields);
    one.append(...children);
    return one;
  };
  const say = (words) => { document.getElementById("said").textContent = words; };
  const counted = (number, one) => `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;

  // -- times: the file has UTC, the reader a zone ----------------------------------------------------------

  const two = (number) => String(number).padStart(2, "0");
  const day = (at) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const clock = (at) => `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const zoneOf = (at) => { // a name where any of these languages has one: CET, EST; else GMT+5
    const names = [undefined, "en-GB", "en-US"].map((language) => new Intl.DateTimeFormat(language, { timeZoneName: "short" })
      .formatToParts(at).find((part) => part.type === "timeZoneName")?.value ?? "");
    return names.find((name) => /^[A-Z]{2,5}$/.test(name)) ?? names[0];
  };

  function tellTimes() {
    for (const time of all("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      const zone = time.closest("td, th, li") ? "" : ` ${zoneOf(at)}`;
      time.textContent = `${day(at)} ${clock(at)}${zone}`;
    }
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "your zone";
    for (const head of all("th.time")) head.textContent = "Last";
    for (const note of all(".zone")) note.textContent = `Times are in your zone (${zone}); point at one for UTC.`;
  }

  function tellTimeOf(row) { // of thousands only those that somebody looks at
    const cell = row.cells[6];
    const utc = cell.textContent.trim();
    if (!utc || cell.title) return;
    const at = new Date(`${utc.replace(" ", "T")}Z`);
    if (Number.isNaN(at.getTime())) return;
    cell.title = `${utc} UTC`;
    cell.textContent = `${day(at)} ${clock(at)}`;
  }

  // -- tables that can be sorted --------------------------------------------------------------------------

  const textOf = (row, column) => row.cells[column]?.textContent.trim() ?? "";
  const numberOf = (text) => Number.parseFloat(text.replace(/[,%\s]/g, "").replace(/^under/, "0")) || 0;
  const collator = new Intl.Collator(undefined, { numeric: true });

  const sortedBy = (row, column) => row.cells[column]?.title || textOf(row, column); // a time by its UTC

  function order(rows, column, isNumber, isDown) {
    const keyed = rows.map((row) => [isNumber ? numberOf(textOf(row, column)) : sortedBy(row, column), row]);
    const compare = isNumber ? (a, b) => a[0] - b[0] : (a, b) => collator.compare(a[0], b[0]);
    keyed.sort(isDown ? (a, b) => compare(b, a) : compare);
    return keyed.map(([, row]) => row);
  }

  function makeSortable(table, arrange) {
    const heads = all("thead th", table);
    heads.forEach((head) => {
      const [name, column] = [head.textContent, head.cellIndex];
      const button = made("button", { type: "button", textContent: name });
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const isNumber = head.classList.contains("number");
        const before = head.getAttribute("aria-sort");
        const isDown = before ? before === "ascending" : isNumber;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
        arrange((rows) => order(rows, column, isNumber, isDown));
        say(`sorted by ${name}, ${isDown ? "descending" : "ascending"}`);
      });
    });
  }

  function sortTables() {
    for (const table of all("table.sortable:not(.people)")) {
      const body = table.tBodies[0];
      makeSortable(table, (sorted) => body.append(...sorted([...body.rows])));
    }
  }

  // -- everyone who needs attention -----------------------------------------------------------------------

  const SHOWN = 100;
  const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/; // what a spreadsheet would run: as in report.csv

  function cell(text) {
    const harmless = FORMULA.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(harmless) ? `"${harmless.replace(/"/g, '""')}"` : harmless;
  }

  function csvOf(table, rows) {
    const heads = all("thead th", table).map((head) => cell(head.textContent));
    const lines = rows.map((row) => [...row.cells].map((one) => cell(one.textContent.trim())).join(","));
    return [heads.join(","), ...lines].join("\r\n") + "\r\n";
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch { // not asked for in a way that the browser takes, or no such thing
      const area = made("textarea", { value: text, className: "unseen", readOnly: true });
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  }

  const said = (done, words) => say(done ? words : "the browser does not let this page copy");

  function people() {
    const table = document.querySelector("table.people");
    if (!table) return;
    const tools = document.querySelector(".tools");
    const [first, later = first] = [...table.tBodies];
    let rows = [...table.tBodies].flatMap((body) => [...body.rows]);
    let found = rows;
    let limit = SHOWN;
    let words = null; // of each row, once somebody searches

    const search = made("input", { type: "search", autocomplete: "off", spellcheck: false });
    const status = made("select", {}, made("option", { value: "", textContent: "every status" }));
    for (const name of new Set(rows.map((row) => textOf(row, 3)))) status.append(made("option", { textContent: name }));
    status.setAttribute("aria-label", "Status");
    const copying = made("button", { type: "button", className: "button", textContent: "Copy as CSV" });
    const rest = made("button", { type: "button", className: "button" });
    const number = made("span", { className: "quiet" });
    tools.append(made("label", {}, "Search", search), status, copying, number);
    tools.hidden = false;
    table.parentElement.after(made("p", {}, rest));

    function show() {
      const shown = found.slice(0, limit);
      const chosen = new Set(shown);
      shown.forEach(tellTimeOf);
      if (later !== first) {
        later.replaceChildren(...rows.filter((row) => !chosen.has(row)));
        first.replaceChildren(...shown);
      } else {
        for (const row of rows) row.hidden = !chosen.has(row);
        first.append(...shown);
      }
      number.textContent = found.length === rows.length
        ? counted(rows.length, "recipient")
        : `${found.length.toLocaleString("en")} of ${counted(rows.length, "recipient")}`;
      rest.hidden = shown.length === found.length;
      rest.textContent = `Show all ${found.length.toLocaleString("en")}`;
    }

    function look() {
      const sought = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
      if (sought.length && !words) {
        rows.forEach(tellTimeOf);
        words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
      }
      found = rows.filter((row) => (!status.value || textOf(row, 3) === status.value)
        && sought.every((word) => words.get(row).includes(word)));
      limit = SHOWN;
      show();
      say(`${counted(found.length, "recipient")} found`);
    }

    makeSortable(table, (sorted) => {
      rows = sorted(rows);
      const kept = new Set(found);
      found = rows.filter((row) => kept.has(row));
      show();
    });
    search.addEventListener("input", look);
    status.addEventListener("change", look);
    rest.addEventListener("click", () => { limit = Infinity; show(); });
    copying.addEventListener("click", async () => {
      found.forEach(tellTimeOf);
      said(await copy(csvOf(table, found)), `${counted(found.length, "row")} copied as CSV`);
      copying.textContent = `Copied ${counted(found.length, "row")}`;
      setTimeout(() => { copying.textContent = "Copy as CSV"; }, 2500);
    });
    show();
  }

  function copyLines() {
    for (const line of all("code.line")) {
      const button = made("button", { type: "button", className: "button", textContent: "Copy" });
      button.setAttribute("aria-label", `Copy: ${line.textContent}`);
      const both = made("div", { className: "with-copy" });
      line.replaceWith(both);
      both.append(line, button);
      button.addEventListener("click", async () => said(await copy(line.textContent), "copied"));
    }
  }

  // -- the curves -----------------------------------------------------------------------------------------

  const PRINTED = { ink: "#000", quiet: "#444", line: "#bbb", accepted: "#2f8f5b", others: "#b4583a", limit: "#6b5fb5" };
  const HEIGHT = 260;

  function colours() {
    const style = getComputedStyle(document.documentElement);
    return Object.fromEntries(Object.keys(PRINTED).map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }

  const perSecond = (rate) => rate.toLocaleString("en", { maximumSignificantDigits: rate < 100 ? 3 : 4 });

  function axisTimes(_, splits, __, ___, step) {
    let last = "";
    return splits.map((second) => {
      const at = new Date(second * 1000);
      const fine = step < 1 ? `.${Math.round(at.getMilliseconds() / 100)}` : "";
      const time = step < 60 ? clock(at) + fine : clock(at).slice(0, 5);
      const today = day(at);
      const isNew = today !== last && (step >= 43200 || last !== "");
      last = today;
      return step >= 86400 ? today.slice(5) : isNew ? `${time}\n${today.slice(5)}` : time;
    });
  }

  function drawMarks(marks, palette) {
    return (plot) => {
      const { ctx, bbox } = plot;
      const ratio = devicePixelRatio || 1;
      let free = -Infinity;
      ctx.save();
      ctx.font = `${11 * ratio}px system-ui, sans-serif`;
      ctx.textAlign = "center";
      for (const [at, number] of marks) {
        const x = Math.round(plot.valToPos(at, "x", true));
        if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) continue;
        ctx.strokeStyle = palette.quiet;
        ctx.lineWidth = ratio;
        ctx.setLineDash([2 * ratio, 3 * ratio]);
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
        if (x < free) continue; // its number would stand on the one before
        ctx.fillStyle = palette.ink;
        ctx.fillText(String(number), x, bbox.top - 4 * ratio);
        free = x + (10 + 7 * String(number).length) * ratio;
      }
      ctx.restore();
    };
  }

  function plotted(holder, curve, palette, width, readout) {
    const { start, step, accepted, others, limits, marks } = curve;
    const times = accepted.map((_, place) => start + (place + 0.5) * step);
    const taken = accepted.map((number) => number / step);
    const tried = accepted.map((number, place) => (number + others[place]) / step);
    const hasLimit = limits.some((limit) => limit !== null);
    const hasOthers = others.some(Boolean);
    const most = Math.max(...tried, ...limits.map((limit) => limit ?? 0), 1e-9);
    const line = (label, colour, fields) => ({ label, stroke: colour, width: 1.5, points: { show: false }, ...fields });
    const axis = { stroke: palette.quiet, grid: { stroke: palette.line, width: 1 }, ticks: { stroke: palette.line, width: 1 } };
    return new uPlot({
      width,
      height: HEIGHT,
      padding: [18, 12, 0, 0],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, y: false, points: { size: 6 } },
      scales: { x: { time: true, range: [start, start + step * accepted.length] }, y: { range: [0, most * 1.08] } },
      axes: [
        { ...axis, values: axisTimes, space: 70 },
        { ...axis, size: 56, values: (_, splits) => splits.map(perSecond) },
      ],
      series: [
        {},
        line("attempts", palette.others, { show: hasOthers, width: 1 }),
        line("accepted", palette.accepted, { fill: `${palette.accepted}33`, width: 2 }),
        line("limit", palette.limit, { show: hasLimit, dash: [6, 4], paths: uPlot.paths.stepped({ align: 1 }) }),
      ],
      hooks: {
        draw: [drawMarks(marks, palette)],
        setCursor: [(plot) => {
          const place = plot.cursor.idx;
          if (place === null || place === undefined) return;
          const at = new Date((start + place * step) * 1000);
          readout.textContent = `${clock(at)}: ${perSecond(taken[place])} accepted a second`
            + (hasOthers ? `, ${perSecond(tried[place] - taken[place])} other attempts` : "")
            + (limits[place] === null ? "" : `; limit ${perSecond(limits[place])}`);
        }],
      },
    }, [times, tried, taken, limits], holder);
  }

  function keysOf(curve) {
    const keys = made("p", { className: "keys" }, made("span", { textContent: "accepted a second" }));
    if (curve.others.some(Boolean)) keys.append(made("span", { className: "others", textContent: "all attempts a second" }));
    if (curve.limits.some((limit) => limit !== null)) keys.append(made("span", { className: "limit", textContent: "limit in force" }));
    if (curve.marks.length) keys.append(`numbers: see what happened, below`);
    keys.setAttribute("aria-hidden", "true");
    return keys;
  }

  function drawCurves() {
    const curves = JSON.parse(document.getElementById("curves").textContent);
    if (!curves.length || typeof uPlot === "undefined") return;
    const drawn = all("[data-curve]").map((holder) => {
      const curve = curves[Number(holder.dataset.curve)];
      const readout = made("p", { className: "quiet readout" });
      readout.setAttribute("aria-hidden", "true");
      holder.before(keysOf(curve));
      holder.after(readout);
      return { holder, curve, readout, plot: null };
    });
    const draw = (palette, width) => {
      for (const one of drawn) {
        one.plot?.destroy();
        one.plot = plotted(one.holder, one.curve, palette, width ?? one.holder.clientWidth, one.readout);
      }
    };
    draw(colours());
    const byWidth = new ResizeObserver(() => {
      for (const { holder, plot } of drawn) {
        if (holder.clientWidth && Math.abs(plot.width - holder.clientWidth) > 1) plot.setSize({ width: holder.clientWidth, height: HEIGHT });
      }
    });
    for (const { holder } of drawn) byWidth.observe(holder);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(colours()));
    addEventListener("beforeprint", () => draw(PRINTED, drawn.length > 1 ? 330 : 680));
    addEventListener("afterprint", () => draw(colours()));
  }

  tellTimes();
  people();
  sortTables();
  copyLines();
  drawCurves();
})();
