// A mail's HTML in its frame: it looks as it does, runs nothing, fetches nothing, and leads nowhere.
//
// The HTML is parsed into a document that is not shown and loads nothing. What would run, fetch or lead away is
// taken out there, and the rest is moved, node by node, into an empty frame whose sandbox forbids scripts and
// whose policy forbids every request. So nothing is ever written out and read again, and what the first step
// overlooks the frame forbids.
//
// In a mail `<img name=body>` stands before `document.body`, and `<input name=remove>` before `form.remove`: all
// that is asked of its nodes is asked by the methods of the prototypes.

const bound = (method) => Function.prototype.call.bind(method);
const getter = (type, name) => bound(Object.getOwnPropertyDescriptor(type.prototype, name).get);
const attributeOf = bound(Element.prototype.getAttribute);
const setAttribute = bound(Element.prototype.setAttribute);
const dropAttribute = bound(Element.prototype.removeAttribute);
const attributesOf = bound(Element.prototype.getAttributeNames);
const removeNode = bound(Element.prototype.remove);
const allIn = bound(Document.prototype.querySelectorAll);
const listen = bound(EventTarget.prototype.addEventListener);
const adopt = bound(Document.prototype.adoptNode);
const replaceNode = bound(Node.prototype.replaceChild);
const appendNode = bound(Node.prototype.appendChild);
const rootOf = getter(Document, "documentElement");
const headOf = getter(Document, "head");
const fontsOf = getter(Document, "fonts");
const nameOf = getter(Element, "localName");
const parentOf = getter(Node, "parentNode");
const textOf = getter(Node, "textContent");
const scrollHeightOf = getter(Element, "scrollHeight");
const scrollWidthOf = getter(Element, "scrollWidth");

const isElement = (node) => {
  try { return nameOf(node) !== ""; } catch { return false; }
};

const NEVER = "script, iframe, frame, object, embed, applet, portal, base, link, template, fencedframe, "
  + "meta:not([name='color-scheme' i]), animate, set, animateTransform, animateMotion, foreignObject script";
// Also what would tell a picture's host the page's address.
const OFF = ["autofocus", "ping", "formaction", "action", "srcdoc", "nonce", "referrerpolicy"];
const FETCHING = ["src", "srcset", "background", "poster", "data", "href", "xlink:href"];
const HIGHEST = 30000; // pixels of a frame: browsers draw no more of one well

// `shown` says which pictures: "own" (those in the mail), "hosted" (also those of the network), "none".
// Returns the document, and how many pictures of the network it has.
function disarmed(html, entry, pictures, shown) {
  const mail = new DOMParser().parseFromString(html, "text/html");
  const found = { mail, hosted: 0, unusable: 0 };
  const picture = (url) => pictureAt(url.trim(), entry, pictures, shown, found);
  for (const node of allIn(mail, NEVER)) removeNode(node);
  for (const node of allIn(mail, "style")) {
    const sheet = document.createElement("style");
    for (const name of attributesOf(node)) if (name === "media") setAttribute(sheet, name, attributeOf(node, name));
    sheet.textContent = styleOf(textOf(node), picture);
    replaceNode(parentOf(node), sheet, node);
  }
  for (const node of allIn(mail, "*")) disarm(node, picture);
  return found;
}

function disarm(node, picture) {
  const name = nameOf(node);
  for (const attribute of attributesOf(node)) {
    if (/^on/i.test(attribute) || OFF.includes(attribute)) {
      dropAttribute(node, attribute);
    } else if (attribute === "style") {
      const style = attributeOf(node, "style");
      if (/url|image-set|@|\\/i.test(style)) setAttribute(node, "style", styleOf(style, picture));
    }
  }
  if (name === "a" || name === "area") {
    const to = attributeOf(node, "href") ?? attributeOf(node, "xlink:href");
    if (to !== null) {
      const title = attributeOf(node, "title");
      setAttribute(node, "title", title ? `${title}\n${to}` : to);
      setAttribute(node, "target", "_blank"); // the sandbox opens no window, even where the click is not ours
    }
    return;
  }
  if (name === "img") return disarmPicture(node, picture);
  for (const attribute of FETCHING) {
    const value = attributeOf(node, attribute);
    if (value === null || (value.startsWith("#") && /href/.test(attribute))) continue;
    const found = ["background", "src"].includes(attribute) && name !== "source" ? picture(value) : null;
    if (found?.url) setAttribute(node, attribute, found.url);
    else dropAttribute(node, attribute);
  }
}

function disarmPicture(node, picture) {
  const source = attributeOf(node, "src") ?? "";
  const others = attributeOf(node, "srcset");
  for (const name of ["srcset", "sizes", "loading", "lowsrc", "dynsrc"]) dropAttribute(node, name);
  if (!source.trim() && !others) return;
  const found = picture(source.trim() || others.trim().split(/\s/)[0]);
  if (found.url) {
    setAttribute(node, "src", found.url);
  } else if (found.words) {
    const alt = attributeOf(node, "alt") ?? "";
    const title = attributeOf(node, "title") || alt;
    setAttribute(node, "title", [title, `${found.why}: ${source.slice(0, 500)}`].filter(Boolean).join("\n"));
    setAttribute(node, "src", placeholder(alt, found.words, sizeOf(node)));
  } else {
    dropAttribute(node, "src");
  }
}

// What is shown for the address of a picture: its url, or words for a placeholder, or nothing at all.
function pictureAt(url, entry, pictures, shown, found) {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1].toLowerCase() ?? (url.startsWith("//") ? "https" : "");
  const isHosted = scheme === "https" || scheme === "http";
  if (isHosted) found.hosted += 1;
  if (shown === "none") return {};
  if (scheme === "data") return { url };
  if (isHosted && shown === "hosted") return { url: url.startsWith("//") ? `https:${url}` : url };
  if (isHosted) return { words: "(not loaded)", why: "not loaded here" };
  if (scheme === "cid") {
    const named = [url.slice(4), unquoted(url.slice(4))].find((name) => Object.hasOwn(entry.inline, name));
    const inline = named === undefined ? undefined : entry.inline[named];
    if (inline && Object.hasOwn(pictures, inline.name)) return { url: pictures[inline.name] };
    if (inline) {
      found.unusable += 1;
      return { words: `(${sized(inline.size)}: see the .eml)`, why: "too large for this page" };
    }
    return { words: "(not in the mail)", why: "no such picture in the mail" };
  }
  return { words: "(no address)", why: "no address that works in a mail" };
}

const unquoted = (text) => {
  try { return decodeURIComponent(text); } catch { return text; }
};

function styleOf(text, picture) {
  const plain = unescaped(text).replace(/@import\b[^;{}]*;?/gi, "").replace(/(?:-webkit-)?image-set\([^)]*\)?/gi, "none");
  const opening = /url\(\s*/gi;
  let made = "";
  let at = 0;
  for (let found = opening.exec(plain); found; found = opening.exec(plain)) {
    const { url, end } = addressFrom(plain, opening.lastIndex);
    made += plain.slice(at, found.index) + (url.startsWith("#") ? plain.slice(found.index, end) : usable(picture(url)));
    opening.lastIndex = at = end;
  }
  return made + plain.slice(at);
}

// What stands in a `url(` from there, and where that ends: at the text's end where nothing closes it. No place is
// looked at twice. Where a word is behind the address, as in `url("…" referrer-policy(…))`, it is none known here.
function addressFrom(text, from) {
  const behind = (sign, start) => (text.indexOf(sign, start) + 1 || text.length + 1);
  const quote = text[from] === '"' || text[from] === "'" ? text[from] : "";
  const closed = quote ? behind(quote, from + 1) : from;
  const end = Math.min(behind(")", closed), text.length);
  const inside = text.slice(from, behind(")", closed) - 1);
  if (!quote) return { url: inside.trim(), end };
  const address = inside.slice(1, closed - from - 1);
  return { url: inside.slice(closed - from).trim() ? "" : address.trim(), end };
}

const usable = (found) => (found.url ? `url("${found.url.replace(/["\\\n]/g, encodeURIComponent)}")` : "none");

// Letters that are written as escapes (CSS Syntax 3 §4.3.7) are letters: `\75rl(` is `url(`.
function unescaped(text) {
  return text.replace(/\\(?:([0-9a-f]{1,6})\s?|[^])/gi, (whole, hex) => {
    const sign = hex ? String.fromCharCode(parseInt(hex, 16)) : whole[1];
    return /[a-z]/i.test(sign) ? sign : whole;
  });
}

// The pixels that a picture will have, as far as its tag tells; else what browsers give to one that says none.
function sizeOf(node) {
  const style = attributeOf(node, "style") ?? "";
  return ["width", "height"].map((name, at) => {
    const styled = new RegExp(`(?:^|[;\\s])${name}\\s*:\\s*(\\d{1,5})px`, "i").exec(style)?.[1];
    const written = /^\s*(\d{1,5})(?:px)?\s*$/.exec(attributeOf(node, name) ?? "")?.[1];
    return Number(styled ?? written ?? [300, 150][at]);
  });
}

// A grey box that takes whatever size the mail gives it, and says what it stands for.
function placeholder(alt, words, [width, height]) {
  const lines = [];
  if (width >= 60 && height >= 24) {
    const fitting = Math.max(Math.floor(Math.min(width, 330) / 7) - 2, 6);
    lines.push(...wrapped((alt || "picture").slice(0, 300), fitting));
    if (words.length <= fitting) lines.push(words);
    lines.splice(Math.max(Math.floor((height - 8) / 16), 1));
  }
  const written = lines.map((line, at) => `<text x="8" y="${18 + 16 * at}">${escaped(line)}</text>`).join("");
  return "data:image/svg+xml," + encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="100%" fill="#546069" font-family="sans-serif" '
    + 'font-size="12"><rect width="100%" height="100%" fill="#eceff1"/><rect width="100%" height="100%" fill="none" '
    + `stroke="#546069" stroke-dasharray="4"/>${written}</svg>`);
}

function wrapped(text, most) {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    for (let rest = word; rest; rest = rest.slice(most)) {
      const piece = rest.slice(0, most);
      const last = lines[lines.length - 1];
      if (!last) lines[lines.length - 1] = piece;
      else if (last.length + 1 + piece.length <= most) lines[lines.length - 1] = `${last} ${piece}`;
      else lines.push(piece);
    }
  }
  return lines;
}

const escaped = (text) => text.replace(/[&<>]/g, (sign) => `&#${sign.codePointAt(0)};`)
  .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd]/g, "\ufffd");

// Fills `frame`, which is on the page, with a mail. `wish` has: width, look ("light", "dark", "inverted") and
// pictures. `told` is called with what was found once the frame has its height, and again when that changes.
function fill(frame, html, entry, pictures, wish, told, clicked, pressed) {
  const found = disarmed(html, entry, pictures, wish.pictures);
  const hosts = wish.pictures === "hosted" ? " https: http:" : "";
  frame.style.colorScheme = wish.look === "dark" ? "dark" : "light";
  frame.onload = () => {
    frame.onload = null;
    const own = frame.contentDocument;
    const root = adopt(own, rootOf(found.mail));
    replaceNode(own, root, rootOf(own));
    const sheet = document.createElement("style");
    sheet.textContent = "html{scrollbar-width:none}html::-webkit-scrollbar{display:none}";
    appendNode(headOf(own) ?? root, sheet);
    for (const kind of ["click", "auxclick"]) listen(own, kind, (event) => stopped(event, clicked), true);
    listen(own, "dragstart", (event) => event.preventDefault(), true);
    listen(own, "keydown", (event) => {
      if (event.key === "Enter" && nameOf(event.target) === "input") event.preventDefault();
      else pressed(event);
    }, true);
    const measure = () => measured(frame, root, wish.width, found, told);
    settled(own, measure).then(() => {
      if (wish.look === "inverted") invert(own, root);
      measure();
      frame.dataset.settled = "true";
    });
    new ResizeObserver(measure).observe(root);
  };
  delete frame.dataset.settled;
  frame.srcdoc = "<!doctype html><meta http-equiv=Content-Security-Policy content=\"default-src 'none'; "
    + `img-src data:${hosts}; style-src 'unsafe-inline'; font-src data:"><meta name=referrer content=no-referrer>`;
}

function stopped(event, clicked) {
  for (const node of event.composedPath()) {
    const name = isElement(node) ? nameOf(node) : "";
    if (name === "a" || name === "area") {
      const to = attributeOf(node, "href") ?? attributeOf(node, "xlink:href");
      event.preventDefault();
      if (to !== null) clicked(to);
      return;
    }
    if (name === "button" || (name === "input" && /^(submit|image)$/i.test(attributeOf(node, "type") ?? ""))) {
      event.preventDefault();
    }
  }
}

// Once all pictures have come or failed, and the fonts are there; at each of them `measure` is called.
async function settled(own, measure) {
  measure();
  const waiting = [...allIn(own, "img")].filter((node) => attributeOf(node, "src") && !node.complete);
  await Promise.all(waiting.map((node) => new Promise((resolve) => {
    for (const kind of ["load", "error"]) listen(node, kind, () => { measure(); resolve(); }, { once: true });
    if (node.complete) resolve();
  })));
  await fontsOf(own).ready;
}

// The frame is as high as what it shows. Heights that a mail gives in parts of its window would grow with it: it
// is measured in a low one.
function measured(frame, root, width, found, told) {
  if (!frame.isConnected) return;
  const before = frame.style.height;
  frame.style.height = "1px";
  const all = Math.ceil(Math.max(scrollHeightOf(root), 40));
  const height = Math.min(all, HIGHEST);
  frame.style.height = `${height}px`;
  const wide = scrollWidthOf(root);
  told({ ...found, height, left: all - height, tooWide: wide > width + 1 ? wide : 0, changed: before !== frame.style.height });
}
