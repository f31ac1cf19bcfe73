// The live preview: what the server says of changes, put onto the page without losing the place.

function live(addresses) {
  let standing = addresses.standing;
  let asked = 0;

  async function got(address, query = {}) {
    const answer = await fetch(`${address}?${new URLSearchParams(query)}`, { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.statusText);
    return answer.json();
  }

  page.fetchEntry = async (entry) => {
    const number = standing.version;
    try {
      const found = await got(addresses.entry, { key: entry.key, row: entry.row ?? "" });
      if (!found.entry) return gone(entry);
      Object.assign(page.doc.pictures, found.pictures);
      if (found.version > number) standing = { ...standing, version: found.version };
      return { ...found.entry, id: entry.id };
    } catch {
      return gone(entry, "the preview does not answer");
    }
  };

  page.search = async (words) => {
    if (!words) return foundBy("");
    try { return await got(addresses.rows, { q: words }); } catch { return { entries: [], said: "the preview does not answer" }; }
  };

  const gone = (entry, said = "this recipient is not in the list any more") =>
    ({ ...entry, whole: true, headers: [], links: [], attachments: [], findings: [],
      fault: { severity: "hint", rule: "", said, where: "", line: "", hint: "" } });

  const all = () => [...listed, ...page.doc.recipients];

  async function renew() {
    for (const one of all()) one.whole = false; // what was fetched is of the letter before
    const id = page.shownId();
    if (id === null) return;
    const number = ++asked;
    const known = all().find((one) => one.id === id);
    if (!known) return;
    const whole = await page.fetchEntry(known);
    if (number !== asked || page.shownId() !== id) return;
    const before = scrollY;
    page.setEntry(whole, {});
    page.hold(before);
  }

  async function relist() {
    try {
      const doc = await got(addresses.document);
      const known = all().find((one) => one.id === page.shownId());
      if (known && !doc.recipients.some((one) => one.id === known.id)) doc.recipients.push({ ...known, whole: false });
      const before = scrollY;
      await page.setDocument(doc);
      page.hold(before);
    } catch { /* the stream says that it is gone */ }
  }

  function faults(now) {
    const words = now.faults.length ? "What is shown is from before this:" : "";
    page.setBanner(now.faults, words);
  }

  async function heard(now) {
    const before = standing;
    standing = now;
    document.body.classList.remove("gone");
    faults(now);
    if (now.version !== before.version) {
      page.setSummary({ at: Date.now() / 1000, content: "" }); // its digest comes with the new list
      await renew();
      if (now.files.length) page.tell(`${now.files.join(", ")}: shown again`);
    }
    if (now.documents !== before.documents) await relist();
  }

  const events = new EventSource(addresses.events);
  let isGone = false;
  events.addEventListener("status", (event) => {
    const now = JSON.parse(event.data);
    if (isGone) standing = { ...standing, version: -1, documents: -1 }; // another server: all of it anew
    isGone = false;
    heard(now);
  });
  events.onerror = () => {
    if (isGone) return;
    isGone = true;
    page.setBanner([], "The preview has ended, or is being started anew. This page comes back by itself once it runs.");
  };
  addEventListener("pagehide", () => events.close());
  faults(standing);
  named();

  // The address may name somebody whom the list does not begin with.
  function named() {
    const id = decodeURIComponent(location.hash.slice(1));
    if (!id || id === "overview" || page.doc.recipients.some((one) => one.id === id)) return;
    page.doc.recipients.push({ id, key: id, email: id, row: null, group: "send", chosen: [], version: "", sender: id,
      subject: "", preheader: "", begins: "", findings: [], links: [], headers: [], attachments: [], inline: {}, cut: {},
      fault: null, whole: false });
  }
}

if (page.doc.live) live(page.doc.live);
