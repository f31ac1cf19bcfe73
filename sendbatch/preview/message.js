// One mail on the page: what an inbox shows of it, its head, and its parts behind tabs.

const WIDTHS = { phone: 375, tablet: 768, desktop: 1200 };
const GMAIL = 102 * 1024; // bytes of HTML, of which Gmail shows no more

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [kind, act] of Object.entries(value)) node.addEventListener(kind, act);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const bdi = (text) => make("bdi", {}, text);
const counted = (number, one, many) => `${number.toLocaleString("en")} ${number === 1 ? one : many ?? `${one}s`}`;

function sized(bytes) {
  if (bytes < 1000) return counted(bytes, "byte");
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} KB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

// The name that a list of mails shows for a sender.
function nameIn(from) {
  const name = /^\s*"?(.*?)"?\s*<[^<>]*>\s*$/.exec(from)?.[1];
  return (name || from || "(no sender)").replace(/\\(.)/g, "$1");
}

function saidIn(found) {
  return make("li", { class: found.severity },
    make("b", {}, `${found.severity}: `), bdi(found.said),
    found.where && [" ", make("code", {}, bdi(found.where))],
    found.line && make("pre", { class: "line" }, found.line),
    found.hint && make("p", { class: "hint" }, found.hint));
}

const saidList = (found, label) => found.length
  ? make("ul", { class: "said", "aria-label": label }, found.map(saidIn)) : null;

// `context` has: entry, pictures, kind, wish (what the reader chose; changed in place), at, of, go, tell, clicked,
// pressed, kept. Returns the nodes of the mail.
function messageOf(context) {
  const { entry } = context;
  const parts = entry.fault ? [] : partsOf(context);
  return [
    headOf_(context),
    entry.fault && make("div", { class: "fault", role: "group", "aria-label": "Why there is no mail" },
      make("h3", {}, context.kind === "outbox" ? "This file is no mail that can be shown" : "This mail could not be built"),
      make("ul", { class: "said" }, saidIn(entry.fault))),
    parts.length > 0 && tabsOf(context, parts),
  ];
}

function headOf_(context) {
  const { entry, at, of, go } = context;
  const facts = [["From", entry.sender], ["To", entry.to || entry.email], ["Date", entry.date]];
  if (entry.version) facts.push(["Version", entry.version]);
  return make("header", { class: "head" },
    make("div", { class: "walk" },
      make("button", { type: "button", class: "back", on: { click: () => go("list") } }, "All mails"),
      make("span", { class: "quiet" }, at ? `${at.toLocaleString("en")} of ${of.toLocaleString("en")}` : ""),
      make("button", { type: "button", disabled: at <= 1, title: "k", on: { click: () => go(-1) } }, "Previous"),
      make("button", { type: "button", disabled: at >= of, title: "j", on: { click: () => go(1) } }, "Next")),
    make("h2", { dir: "auto", id: "subject" }, entry.subject || (entry.fault ? entry.email : "(no subject)")),
    entry.preheader
      ? make("p", { class: "preheader", dir: "auto" }, make("span", { class: "unseen" }, "Preheader: "), entry.preheader)
      : null,
    make("dl", { class: "facts" }, facts.filter(([, value]) => value).map(([name, value]) =>
      [make("dt", {}, name), make("dd", {}, bdi(value))])),
    make("ul", { class: "chips", "aria-label": "About this recipient" },
      entry.group === "proof" && make("li", { class: "proof" }, "Proof"),
      entry.row !== null && make("li", {}, `Row ${entry.row.toLocaleString("en")}`),
      entry.key && entry.key !== entry.email && make("li", {}, "Key ", bdi(entry.key)),
      entry.size > 0 && make("li", {}, sized(entry.size)),
      entry.attachments.length > 0 && make("li", {}, counted(entry.attachments.length, "attachment")),
      entry.invitation && make("li", {}, "Invitation")),
    entry.chosen.length > 0 && make("div", { class: "chosen" },
      make("h3", {}, "Why it is shown"),
      make("ul", {}, entry.chosen.map((one) => make("li", {}, bdi(one.why),
        one.like !== null && make("span", { class: "quiet" }, ` ${likeIt(one.like)}`))))),
    saidList(entry.findings, "Found in this mail"));
}

const likeIt = (number) => number === 1 ? "(the only one)" : `(${number.toLocaleString("en")} of this kind)`;

function partsOf(context) {
  const { entry } = context;
  const files = entry.attachments.length;
  return [
    entry.html !== null && { id: "html", name: "HTML", fill: () => htmlOf(context) },
    entry.text !== null && { id: "text", name: "Text", fill: () => [cutOf(entry, "text"),
      plain(entry.text || "(empty)", "Text part")] },
    entry.invitation && { id: "invitation", name: "Invitation", fill: () => invitationOf(entry) },
    files > 0 && { id: "files", name: `Attachments (${files})`, fill: () => filesOf(entry) },
    entry.links_in_all > 0 && { id: "links", name: `Links (${entry.links_in_all.toLocaleString("en")})`,
      fill: () => linksOf(entry) },
    { id: "headers", name: "Headers", fill: () => headersOf(entry) },
    { id: "source", name: "Source", fill: () => sourceOf(entry) },
  ].filter(Boolean);
}

const plain = (text, label) => make("pre", { class: "plain", tabindex: "0", role: "region", dir: "auto", "aria-label": label }, text);

const cutOf = (entry, name) => entry.cut[name]
  ? make("p", { class: "notice" }, `Only the beginning is here, of ${entry.cut[name].toLocaleString("en")} characters: `
    + "the whole of it stands in the .eml file.") : null;

// Tabs as WAI-ARIA has them: arrows go from one to the next, and what is behind it is shown at once.
function tabsOf(context, parts) {
  const { wish } = context;
  const chosen = parts.find((part) => part.id === wish.tab) ?? parts[0];
  const panel = make("div", { role: "tabpanel", id: "panel", class: "panel", tabindex: "-1" });
  const tabs = parts.map((part) => make("button", { type: "button", role: "tab", id: `tab-${part.id}`,
    "aria-controls": "panel", on: { click: () => choose(part), keydown: (event) => step(event, part) } }, part.name));
  const list = make("div", { role: "tablist", class: "tabs", "aria-label": "Parts of the mail" }, tabs);
  function choose(part, isFirst = false) {
    if (!isFirst) {
      wish.tab = part.id;
      context.kept();
    }
    tabs.forEach((tab, at) => {
      tab.setAttribute("aria-selected", parts[at] === part);
      tab.tabIndex = parts[at] === part ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", `tab-${part.id}`);
    panel.replaceChildren(...[part.fill()].flat(9).filter(Boolean));
    context.filled?.();
    context.filled = null;
    panel.dispatchEvent(new CustomEvent("shown"));
  }
  function step(event, part) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = event.key === "Home" ? 0 : event.key === "End" ? parts.length - 1
      : by ? (parts.indexOf(part) + by + parts.length) % parts.length : -1;
    if (at < 0) return;
    event.preventDefault();
    choose(parts[at]);
    tabs[at].focus();
  }
  queueMicrotask(() => choose(chosen, true)); // once it is on the page
  return [list, panel];
}

function choiceOf(legend, name, options, chosen, act) {
  return make("fieldset", { class: "choice" }, make("legend", {}, legend),
    Object.entries(options).map(([value, label]) => make("label", {},
      make("input", { type: "radio", name, value, checked: value === chosen, on: { change: () => act(value) } }),
      make("span", {}, label))));
}

function htmlOf(context) {
  const { entry, pictures, wish } = context;
  const stage = make("div", { class: "stage" });
  const words = make("p", { class: "quiet seen", role: "status" });
  const again = (name) => (value) => {
    wish[name] = value;
    if (name !== "pictures") context.kept();
    draw();
  };
  const hostedChoice = make("label", { class: "switch", hidden: true },
    make("input", { type: "checkbox", role: "switch", checked: wish.pictures === "hosted",
      on: { change: (event) => again("pictures")(event.target.checked ? "hosted" : "own") } }),
    make("span", {}, "Load pictures from the network"));
  const tools = make("div", { class: "tools" },
    choiceOf("Width", "width", { phone: "Phone", tablet: "Tablet", desktop: "Desktop" }, wish.width, again("width")),
    choiceOf("Colours", "look", { light: "Light", dark: "Dark", inverted: "Inverted" }, wish.look, again("look")),
    choiceOf("Pictures", "shown", { own: "Shown", none: "None" }, wish.pictures === "none" ? "none" : "own",
      (value) => again("pictures")(value === "none" ? "none" : hostedChoice.firstChild.checked ? "hosted" : "own")),
    hostedChoice);
  function draw() {
    const width = WIDTHS[wish.width];
    const frame = make("iframe", { sandbox: "allow-same-origin", class: "mail", title: `HTML of the mail to ${entry.email}` });
    frame.style.width = `${width}px`;
    stage.replaceChildren(make("div", { class: "sheet" }, frame));
    stage.style.height = wish.height ?? ""; // as before, so that the page does not scroll meanwhile
    fill(frame, entry.html, entry, pictures, { ...wish, width }, (found) => {
      fit(stage, frame, width);
      wish.height = stage.style.height;
      hostedChoice.hidden = !found.hosted || wish.pictures === "none";
      say(words, lookedAt(entry, wish, width, found));
    }, context.clicked, context.pressed);
  }
  context.fit = (most) => stage.firstChild && fit(stage, stage.querySelector("iframe"), WIDTHS[wish.width], most);
  queueMicrotask(draw);
  return [cutOf(entry, "html"), tools, words, stage, meterOf(entry)];
}

function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// A frame that is wider than its place, or than `most` pixels, is drawn smaller, whole.
function fit(stage, frame, width, most = Infinity) {
  const room = Math.min(stage.clientWidth, most);
  if (!room || !frame) return;
  const scale = Math.min(1, room / width);
  const height = Math.ceil(parseFloat(frame.style.height || "0") * scale);
  const sheet = frame.parentNode;
  sheet.style.width = `${Math.floor(width * scale)}px`;
  sheet.style.height = `${height}px`;
  frame.style.transform = scale < 1 ? `scale(${scale})` : "";
  stage.style.height = `${height}px`;
  stage.dataset.scale = scale.toFixed(3);
}

function lookedAt(entry, wish, width, found) {
  const said = [`${width} pixels wide`];
  if (found.tooWide) said.push(`the mail is ${found.tooWide} wide: a program shrinks it, or one scrolls sideways`);
  if (wish.look === "dark" && !/prefers-color-scheme|color-scheme/i.test(entry.html)) {
    said.push("it says nothing of dark colours, so a program that leaves them alone shows it light");
  }
  if (wish.look === "inverted") {
    said.push("lightness turned, pictures kept, about as Gmail on an iPhone and Outlook for Windows do");
  }
  if (found.hosted && wish.pictures !== "none") {
    said.push(wish.pictures === "hosted" ? `${counted(found.hosted, "picture")} loaded from the network`
      : `${counted(found.hosted, "picture")} of the network not loaded`);
  }
  if (found.unusable) said.push(`${counted(found.unusable, "picture")} too large for this page`);
  if (found.left) said.push(`the last ${found.left.toLocaleString("en")} pixels are not drawn`);
  return `${said.join("; ")}.`;
}

function meterOf(entry) {
  const over = entry.html_size > GMAIL;
  return make("p", { class: over ? "weight over" : "weight" },
    make("meter", { min: 0, max: GMAIL, high: GMAIL * 0.9, value: Math.min(entry.html_size, GMAIL),
      "aria-label": "HTML against the 102 KB that Gmail shows" }),
    make("span", {}, `HTML of ${sized(entry.html_size)}: ` + (over
      ? "Gmail shows the first 102 KB and cuts off the rest." : "Gmail cuts off what is over 102 KB.")));
}

function invitationOf(entry) {
  return [
    make("dl", { class: "facts card" }, entry.invitation.said.map(([name, value]) =>
      [make("dt", {}, name), make("dd", {}, bdi(value))])),
    make("details", {}, make("summary", {}, "The calendar, whole"), plain(entry.invitation.text, "Calendar")),
  ];
}

const filesOf = (entry) => make("ul", { class: "files" }, entry.attachments.map((file) =>
  make("li", {}, bdi(file.name), make("span", { class: "quiet" }, ` ${file.type}, ${sized(file.size)}`))));

function linksOf(entry) {
  const more = entry.links_in_all - entry.links.length;
  return [
    make("ol", { class: "links" }, entry.links.map((link) => make("li", {},
      bdi(link.text || "(no words)"), " ", make("code", {}, bdi(link.url))))),
    more > 0 && make("p", { class: "notice" }, `${counted(more, "more link")} of this mail are not listed.`),
  ];
}

function headersOf(entry) {
  const rows = entry.envelope ? [["envelope from", entry.envelope[0] || "<>"], ["envelope to", entry.envelope[1]]] : [];
  return make("dl", { class: "facts headers" }, [...rows, ...entry.headers].map(([name, value]) =>
    [make("dt", {}, bdi(name)), make("dd", {}, bdi(value))]));
}

function sourceOf(entry) {
  const whole = entry.source_left_out === 0;
  return [
    make("p", { class: "quiet" }, `${sized(entry.size)} in all.`,
      !whole && ` ${sized(entry.source_left_out)} of it are left out here: files, pictures, or the end.`,
      " ", savedBy(entry, whole)),
    plain(entry.source, "Source of the mail"),
  ];
}

// From the file beside the page; the whole source is on the page too, unless it is long.
function savedBy(entry, whole) {
  return [
    entry.file && make("a", { href: entry.file.split("/").map(encodeURIComponent).join("/"), download: entry.file.split("/").pop() },
      "Save the .eml beside this page"),
    whole && entry.source && [" ", make("button", { type: "button", class: "link", on: { click: () => {
      const blob = new Blob([entry.source.replace(/\n/g, "\r\n")], { type: "message/rfc822" });
      const link = make("a", { href: URL.createObjectURL(blob), download: entry.file.split("/").pop() || `${entry.id}.eml` });
      link.click();
      URL.revokeObjectURL(link.href);
    } } }, entry.file ? "or the source that is shown" : "Save as .eml")],
  ];
}
