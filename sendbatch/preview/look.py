"""How the gallery looks: one style sheet, for a phone and a desk, by day and by night."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #f5f5f2; --card: #ffffff; --ink: #1d2023; --quiet: #5d646b; --line: #dedfda;
  --accent: #0b5cad; --chip: #eceeea;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --card: #1d2125; --ink: #e7e9ea; --quiet: #a0a8af; --line: #343a40;
    --accent: #7db7f5; --chip: #2a3036;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; scroll-padding-top: 1rem; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0 auto; max-width: 84rem; padding: 1.25rem clamp(.75rem, 3vw, 2.5rem) 3rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  overflow-wrap: anywhere;
}
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: .25rem; }
h1 { margin: 0; font-size: clamp(1.35rem, 1rem + 1.6vw, 1.9rem); line-height: 1.2; }
h2 { margin: 0; font-size: 1.2rem; line-height: 1.3; }
h3 {
  margin: 0; padding: .55rem 1rem; font-size: .8rem; font-weight: 600; color: var(--quiet);
  border-bottom: 1px solid var(--line);
}
.unseen {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap;
}
.quiet { margin: .25rem 0 0; color: var(--quiet); font-size: .9rem; }
nav ol {
  list-style: none; margin: 1.25rem 0 0; padding: 0; background: var(--card);
  border: 1px solid var(--line); border-radius: .75rem; overflow: hidden;
}
nav li + li { border-top: 1px solid var(--line); }
nav a {
  display: grid; grid-template-columns: 5rem minmax(0, 1fr) minmax(0, 1.6fr); gap: 0 1rem;
  padding: .6rem 1rem; color: inherit; text-decoration: none;
}
nav a:hover { background: var(--chip); }
nav a:focus-visible { outline-offset: -3px; border-radius: .75rem; }
nav .row { color: var(--quiet); font-variant-numeric: tabular-nums; }
nav .subject { color: var(--accent); }
article {
  margin-top: 1.5rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .75rem; overflow: hidden;
}
article > header { padding: 1rem; border-bottom: 1px solid var(--line); }
.top { display: flex; gap: .25rem 1rem; align-items: baseline; justify-content: space-between; }
.top a { flex: none; white-space: nowrap; font-size: .9rem; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1rem; }
dl { margin: .75rem 0 0; font-size: .95rem; }
dt { color: var(--quiet); }
dd { margin: 0; }
.files { list-style: none; display: flex; flex-wrap: wrap; gap: .5rem; }
.files { margin: .75rem 0 0; padding: 0; }
.files li {
  padding: .2rem .7rem; background: var(--chip); border-radius: 1rem; font-size: .9rem;
}
.files span { color: var(--quiet); }
.invitation { padding: .5rem .75rem; border-left: 3px solid var(--accent); background: var(--chip); }
details pre { height: auto; max-height: 22rem; }
details { margin-top: .75rem; font-size: .9rem; }
summary { width: fit-content; cursor: pointer; color: var(--accent); }
details dl { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
details dl { margin-top: .5rem; font-size: .82rem; }
.links { margin: 0; padding: .55rem 1rem; border-top: 1px solid var(--line); }
.links ol { margin: .5rem 0 0; padding-left: 1.5rem; max-height: 14rem; overflow: auto; }
.links li { margin-bottom: .25rem; }
code { font: .9em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; color: var(--quiet); }
.parts { display: grid; }
.parts.both { grid-template-columns: minmax(0, 1.35fr) minmax(0, 1fr); }
.both section + section { border-left: 1px solid var(--line); }
section { display: flex; flex-direction: column; min-width: 0; }
iframe, pre { flex: none; width: 100%; height: clamp(22rem, 68vh, 46rem); margin: 0; border: 0; }
iframe { display: block; background: #fff; color-scheme: light; }
pre {
  padding: 1rem; overflow: auto; white-space: pre-wrap; tab-size: 4;
  font: .85rem/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
}
section:only-child > pre { height: auto; max-height: 46rem; }
pre:focus-visible { outline-offset: -3px; }
footer { margin-top: 1.5rem; color: var(--quiet); font-size: .85rem; }
@media (max-width: 52rem) {
  .parts.both { grid-template-columns: minmax(0, 1fr); }
  .both section + section { border-left: 0; border-top: 1px solid var(--line); }
  pre { height: auto; max-height: 30rem; }
  nav a { grid-template-columns: auto minmax(0, 1fr); }
  nav .subject { grid-column: 1 / -1; }
  details dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  details dd { margin-bottom: .4rem; }
}
@media print {
  body { max-width: none; background: #fff; }
  article { break-inside: avoid; }
}
"""
