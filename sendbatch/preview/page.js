// The page: the list of mails, the one that is shown, and the way from one to the next.

const MOST_LISTED = 300; // at once
const AGAIN = 1000; // milliseconds after which it is asked again for rows that were not read yet
const PAPER = 680; // pixels between the margins of A4 and US Letter
const KEYS = [["j  or  ↓", "the next mail"], ["k  or  ↑", "the one before"], ["/", "search"],
  ["1  2  3", "phone, tablet, desktop"], ["d", "light, dark, inverted"], ["o", "the overview"], ["?", "these keys"]];

const byId = (id) => document.getElementById(id);

const page = {
  doc: JSON.parse(byId("document").textContent),
  fetchEntry: async (entry) => entry,
  search: async (words) => foundBy(words),
  setDocument,
  setEntry,
  hold,
  setBanner,
  shownId: () => shown?.id ?? null,
  setSummary: fillSummary,
  tell: (text) => say(byId("told"), text),
};

const wish = { width: "desktop", look: "light", pictures: "own", tab: "", ...(history.state?.wish ?? {}) };
wish.pictures = "own"; // what is on the network is asked for anew each time
if (!history.state && innerWidth < 700) wish.width = "phone";

let listed = []; // the entries that the list shows
let shown = null; // the entry that is shown
let context = null;
let searched = 0; // the number of the last search

const words = (entry) => [entry.email, entry.key, entry.subject, entry.preheader, entry.sender, entry.version,
  entry.row === null ? "" : `row ${entry.row}`, entry.fault?.said ?? "", ...entry.chosen.map((one) => one.why),
  entry.text ?? entry.begins].join("\n").toLowerCase();

function foundBy(asked) {
  const all = page.doc.recipients;
  const sought = asked.toLowerCase().split(/\s+/).filter(Boolean);
  const entries = sought.length ? all.filter((entry) => {
    const said = words(entry);
    return sought.every((word) => said.includes(word));
  }) : all;
  return { entries, said: sought.length ? `${entries.length.toLocaleString("en")} of ${counted(all.length, "mail")}` : "" };
}

// ---- the list

const field = make("input", { type: "search", id: "search", placeholder: "Search these mails", autocomplete: "off",
  spellcheck: "false", "aria-label": "Search these mails", on: { input: () => search(), keydown: (event) => {
    if (event.key === "Enter" && listed[0]) go(listed[0].id);
    if (event.key === "ArrowDown") { event.preventDefault(); go(listed[0]?.id); field.blur(); }
  } } });
const count = make("p", { class: "quiet found", role: "status" });
const items = make("ol", { class: "items" });

async function search(isQuiet = false) {
  const number = ++searched;
  const { entries, said, more } = await page.search(field.value.trim());
  if (number !== searched) return;
  listed = entries;
  say(count, said);
  fillList(isQuiet, more);
  if (more) setTimeout(() => number === searched && search(true), AGAIN); // rows are still being read
}

function fillList(isQuiet, more = false) {
  const before = byId("list").scrollTop;
  const groups = new Set(listed.map((entry) => entry.group));
  const nodes = [];
  let group = "";
  for (const entry of listed.slice(0, MOST_LISTED)) {
    if (groups.size > 1 && entry.group !== group) {
      group = entry.group;
      nodes.push(make("li", { class: "group" }, group === "proof" ? "Proofs" : "Sent"));
    }
    nodes.push(itemOf(entry));
  }
  if (listed.length > MOST_LISTED) {
    nodes.push(make("li", { class: "quiet more" }, `${counted(listed.length - MOST_LISTED, "more mail")}: search for them.`));
  }
  if (!nodes.length) nodes.push(make("li", { class: "quiet more" }, more ? "Nothing found so far: rows are still being read." : field.value ? "Nothing found." : "No mails."));
  items.replaceChildren(...nodes);
  mark(isQuiet);
  byId("list").scrollTop = before;
}

function itemOf(entry) {
  const beside = entry.preheader || entry.begins;
  return make("li", {}, make("a", { href: `#${encodeURIComponent(entry.id)}`, "data-id": entry.id, class: entry.fault ? "faulty" : null },
    make("span", { class: "line" },
      make("bdi", { class: "sender" }, entry.fault ? entry.email : nameIn(entry.sender)),
      make("span", { class: "row quiet" }, entry.row === null ? "" : `row ${entry.row.toLocaleString("en")}`)),
    make("bdi", { class: "subject" }, entry.fault ? entry.fault.said : entry.subject || "(no subject)"),
    beside && make("bdi", { class: "beside quiet" }, beside),
    make("span", { class: "line small" },
      make("bdi", { class: "quiet" }, entry.fault ? "no mail" : entry.email),
      entry.findings.length > 0 && make("span", { class: "badge" }, counted(entry.findings.length, "finding"))),
    // a reason in words, where there is one: tags of a template stand with their lines at the mail
    entry.chosen.length > 0 && make("bdi", { class: "why" },
      (entry.chosen.find((one) => !one.why.includes("{%")) ?? entry.chosen[0]).why,
      entry.chosen.length > 1 && ` and ${entry.chosen.length - 1} more`)));
}

function mark(isQuiet = false) {
  const at = shown ? shown.id : location.hash === "#overview" ? "overview" : "";
  for (const link of byId("list").querySelectorAll("a")) {
    if (link.dataset.id === at) {
      link.setAttribute("aria-current", "true");
      if (!isQuiet) link.scrollIntoView({ block: "nearest" });
    } else {
      link.removeAttribute("aria-current");
    }
  }
}

// ---- the mail

function go(to) {
  if (to === "list") {
    document.body.classList.remove("reading");
    field.focus();
    return;
  }
  if (typeof to === "number") {
    const at = listed.findIndex((entry) => entry.id === shown?.id);
    const next = listed[at < 0 ? 0 : at + to];
    if (!next) return;
    to = next.id;
  }
  if (to === undefined) return;
  keep();
  wish.scroll = 0;
  const hash = `#${encodeURIComponent(to)}`;
  if (location.hash === hash) route();
  else location.hash = hash;
}

const keep = () => history.replaceState({ wish: { ...wish, scroll: scrollY } }, "");

const asked = () => {
  const id = location.hash.slice(1);
  try { return decodeURIComponent(id); } catch { return id; }
};

function route() {
  const id = asked();
  unsaid();
  const known = [...listed, ...page.doc.recipients];
  const entry = known.find((one) => one.id === id);
  if (id === "overview" || (!entry && !known.length)) return showOverview();
  document.body.classList.toggle("reading", Boolean(entry));
  return show(entry ?? known[0], { isFirst: !entry });
}

async function show(entry, { isFirst = false, isAgain = false } = {}) {
  const before = isAgain ? scrollY : wish.scroll ?? 0;
  shown = entry;
  mark(isAgain);
  const whole = entry.whole ? entry : await page.fetchEntry(entry);
  if (shown !== entry) return;
  const at = listed.findIndex((one) => one.id === entry.id) + 1;
  context = { entry: whole, pictures: page.doc.pictures, kind: page.doc.kind, wish, at, of: listed.length, go, clicked,
    pressed, kept: keep };
  const main = byId("message");
  main.setAttribute("aria-label", `Mail to ${entry.email}`);
  main.replaceChildren(...messageOf(context).flat(9).filter(Boolean));
  byId("leads").replaceChildren();
  document.title = `${whole.subject || entry.email} · ${page.doc.title}`;
  if (!isFirst && !isAgain) page.tell(`Mail to ${entry.email}: ${whole.subject || "no subject"}`);
  page.hold(before);
}

// What is shown has its height a moment after it is in its place; until then there is nowhere to scroll to.
// Whoever scrolls meanwhile has the last word.
function hold(at) {
  let left = 60;
  const touched = new AbortController();
  for (const kind of ["wheel", "touchstart", "pointerdown", "keydown"]) {
    addEventListener(kind, () => touched.abort(), { passive: true, signal: touched.signal });
  }
  const again = () => {
    if (touched.signal.aborted || Math.abs(scrollY - at) < 2 || !left--) return touched.abort();
    scrollTo(0, at);
    requestAnimationFrame(again);
  };
  requestAnimationFrame(again);
}

function setEntry(entry, pictures = {}) {
  Object.assign(page.doc.pictures, pictures);
  for (const some of [page.doc.recipients, listed]) {
    const at = some.findIndex((one) => one.id === entry.id);
    if (at >= 0) some[at] = entry;
  }
  if (shown?.id === entry.id) show(entry, { isAgain: true });
}

async function setDocument(doc) {
  page.doc = doc;
  const id = shown?.id;
  fillTop();
  fillSummary(doc.made);
  await search(true);
  const entry = [...listed, ...doc.recipients].find((one) => one.id === id);
  if (entry) show(entry, { isAgain: true });
  else route();
}

function setBanner(found, title = "") {
  byId("banner").replaceChildren(...(found.length || title
    ? [make("div", { class: "banner" }, title && make("p", {}, title), saidList(found, "What is wrong"))] : []));
}

// ---- the overview

function showOverview() {
  shown = null;
  const doc = page.doc;
  document.body.classList.add("reading");
  document.title = doc.title;
  mark();
  byId("message").setAttribute("aria-label", "Overview");
  byId("message").replaceChildren(...[
    make("header", { class: "head" },
      make("div", { class: "walk" }, make("button", { type: "button", class: "back", on: { click: () => go("list") } }, "All mails")),
      make("h2", {}, "Overview"),
      make("p", { class: "quiet" }, overviewWords(doc))),
    doc.note.map((one) => make("p", { class: "notice" }, one)),
    doc.findings.length > 0 && [make("h3", {}, "Found in the campaign"), saidList(doc.findings, "Found in the campaign")],
    doc.nothing.length > 0 && [make("h3", {}, "Who gets nothing"), nothingOf(doc)],
    make("h3", {}, "Keys"),
    make("dl", { class: "facts keys" }, KEYS.map(([key, does]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, does)])),
    make("p", { class: "quiet" }, "Printing prints the mail that is shown, as it is shown. A link in a mail opens nothing: "
      + "it says where it leads. Nothing is fetched, unless you switch the pictures of the network on."),
  ].flat(9).filter(Boolean));
}

function overviewWords(doc) {
  const here = counted(doc.recipients.length, "mail");
  const sent = doc.kind === "outbox" ? "kept" : doc.kind === "live" ? "rows" : "recipients";
  return doc.total > doc.recipients.length ? `${here} of ${doc.total.toLocaleString("en")} ${sent}.` : `${here}.`;
}

const nothingOf = (doc) => make("table", { class: "nothing" },
  make("thead", {}, make("tr", {}, ["Why", "How many", "Rows"].map((name) => make("th", { scope: "col" }, name)))),
  make("tbody", {}, doc.nothing.map((one) => make("tr", {}, make("th", { scope: "row" }, bdi(one.why)),
    make("td", { class: "number" }, one.number.toLocaleString("en")),
    make("td", {}, one.rows.map((row) => row.toLocaleString("en")).join(", "), one.rows.length < one.number && one.rows.length > 0 && ", …")))));

// ---- keys, and what a click on a link says

const unsaid = () => byId("leads").replaceChildren(); // it is of the mail that was shown

function clicked(to) {
  byId("leads").replaceChildren(make("div", { class: "leads" },
    make("p", {}, "This link leads to"), make("code", {}, bdi(to || "(nowhere)")),
    make("button", { type: "button", on: { click: unsaid } }, "Close")));
}

const next = (options, now) => options[(options.indexOf(now) + 1) % options.length];
const choose = (name, value) => document.querySelector(`.tools input[name=${name}][value=${value}]`)?.click();
const acts = {
  j: () => go(1), ArrowDown: () => go(1), k: () => go(-1), ArrowUp: () => go(-1),
  "/": () => { document.body.classList.remove("reading"); field.focus(); field.select(); },
  1: () => choose("width", "phone"), 2: () => choose("width", "tablet"), 3: () => choose("width", "desktop"),
  d: () => choose("look", next(["light", "dark", "inverted"], wish.look)),
  o: () => go("overview"), "?": () => keys.open ? keys.close() : keys.showModal(),
  Escape: unsaid,
};

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || keys.open) return;
  const on = event.target?.localName;
  const isList = document.activeElement?.closest?.("#list") || document.activeElement === document.body;
  if (["input", "textarea", "select"].includes(on) && event.target.type !== "radio") {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key.startsWith("Arrow") && !isList) return; // it scrolls, or steps through choices
  const act = acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

const keys = make("dialog", { class: "keysheet", "aria-label": "Keys" }, make("h2", {}, "Keys"),
  make("dl", { class: "facts keys" }, KEYS.map(([key, does]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, does)])),
  make("button", { type: "button", on: { click: () => keys.close() } }, "Close"));

function fillTop() {
  const doc = page.doc;
  const none = doc.nothing.reduce((sum, one) => sum + one.number, 0);
  byId("acts").replaceChildren(...[
    doc.masked && make("span", { class: "badge masked" }, "Masked: the people are made up"),
    doc.findings.length > 0 && make("span", { class: "badge" }, counted(doc.findings.length, "finding")),
    none > 0 && make("span", { class: "badge calm" }, `${none.toLocaleString("en")} get nothing`),
    make("a", { class: "button", href: "#overview" }, "Overview"),
    make("button", { type: "button", on: { click: () => keys.showModal() } }, "Keys"),
  ].filter(Boolean));
}

// As the server wrote it into the page at first; without a digest while the mails are others than the list tells.
function fillSummary(made) {
  const at = new Date(made.at * 1000).toISOString();
  byId("summary").replaceChildren(...[`${counted(page.doc.recipients.length, "mail")}, made on `,
    make("time", { datetime: at }, `${at.slice(0, 16).replace("T", " ")} UTC`),
    made.content && "; content ", made.content && make("code", {}, made.content.slice(0, 12)), "."].filter(Boolean));
}

function begin() {
  byId("list").append(make("div", { class: "finder" }, field, count), items);
  byId("panes").hidden = false;
  document.body.append(keys);
  addEventListener("hashchange", route);
  addEventListener("keydown", pressed);
  addEventListener("pagehide", keep);
  addEventListener("beforeunload", keep); // what a page writes of its place as it is hidden, a reload may not see
  addEventListener("resize", () => context?.fit?.());
  addEventListener("beforeprint", () => context?.fit?.(PAPER));
  addEventListener("afterprint", () => context?.fit?.());
  fillTop();
  search().then(route);
}

begin();
