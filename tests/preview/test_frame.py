"""A mail's HTML in the page's frame: it looks as it does, runs nothing, asks nothing, and leads nowhere."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import unquote

from tests.kit.looking import looked_at, mail_in

from .conftest import write

HTML = """<!doctype html><body><h1>Spring</h1>
<a href="https://example.com/away" target="_top">away</a>
<a href="https://example.com/here" target=_self>here</a> <a href="#below" id="below">below</a>
<a href="mailto:help@example.com" title="Help">write</a>
<form action="https://example.com"><input name=a value=field><button>Go</button></form>
<svg width="80" height="20"><a href="https://example.com/svg"><text y="15">drawn</text></a></svg>
<svg width="80" height="20"><a xlink:href="https://example.com/old"><text y="15">older</text></a></svg>
<!--><a href="https://example.com/hidden">hidden</a>
<img src="https://track.example/pixel.gif" width="1" height="1">
<img src="https://example.com/hero.jpg" width="600" height="200" style="width:150px;height:auto" alt="Meadow">
<picture><source srcset="https://example.com/p.webp"><img src="p.jpg" width="90" height="30"></picture>
<img src="logo.png" srcset="https://example.com/2x.png 2x" alt="Logo" width="70">
<table background="https://example.com/b.png"><tr><td style="background:url(https://example.com/c.png)">cell
</table>"""


def test_a_clicked_link_leaves_the_mail_where_it_is_and_says_where_it_leads(
    browser, mail, tmp_path: Path
) -> None:
    with looked_at(browser, write(tmp_path, [mail(html=HTML)])) as looked:
        page, frame = looked.page, mail_in(looked.page)
        for word, to in (
            ("away", "https://example.com/away"),
            ("here", "https://example.com/here"),
            ("below", "#below"),
            ("write", "mailto:help@example.com"),
            ("drawn", "https://example.com/svg"),
            ("older", "https://example.com/old"),
            ("hidden", "https://example.com/hidden"),
        ):
            frame.get_by_text(word, exact=True).click()
            assert page.locator("#leads code").text_content() == to
            assert frame.get_by_role("heading", name="Spring").is_visible()
        frame.get_by_text("Go").click()
        frame.locator("input").press("Enter")
        frame.get_by_text("away").click(button="middle")
        frame.get_by_text("away").press("Enter")
        assert page.locator("#leads code").text_content() == "https://example.com/away"
        page.keyboard.press("Escape")
        assert page.locator("#leads").text_content() == ""
        assert frame.get_by_text("write").get_attribute("title") == "Help\nmailto:help@example.com"
        assert len(page.context.pages) == 1
        frame.get_by_text("away", exact=True).click()
        page.locator("#leads code").wait_for()
        page.evaluate("location.hash = 'overview'")
        page.locator("#leads code").wait_for(state="detached")  # it was of the mail before
        assert (looked.asked, looked.heard) == ([], [])


def test_a_picture_that_is_not_fetched_has_its_size_and_says_so(
    browser, mail, tmp_path: Path
) -> None:
    with looked_at(browser, write(tmp_path, [mail(html=HTML)])) as looked:
        page, frame = looked.page, mail_in(looked.page)
        sizes = []
        for picture in frame.locator("img").all():
            assert picture.evaluate("p => p.complete && p.naturalWidth > 0")
            box = picture.bounding_box()
            sizes.append((round(box["width"] / scale(page)), round(box["height"] / scale(page))))
        assert sizes[:3] == [(1, 1), (150, 50), (90, 30)]
        assert sizes[3][0] == 70
        meadow = frame.get_by_alt_text("Meadow")
        assert (
            meadow.get_attribute("title") == "Meadow\nnot loaded here: https://example.com/hero.jpg"
        )
        assert "(not loaded)" in unquote(meadow.get_attribute("src"))
        assert "<text" not in unquote(frame.locator("img").first.get_attribute("src"))
        logo = frame.get_by_alt_text("Logo").get_attribute("title")
        assert logo == "Logo\nno address that works in a mail: logo.png"
        assert "4 pictures of the network not loaded" in page.locator(".seen").text_content()
        assert (looked.asked, looked.heard) == ([], [])


def scale(page: Any) -> float:
    return float(page.locator(".stage").get_attribute("data-scale"))


def test_hosted_pictures_are_loaded_once_somebody_asks_for_them(
    browser, mail, tmp_path: Path
) -> None:
    with looked_at(browser, write(tmp_path, [mail(html=HTML)])) as looked:
        page = looked.page
        page.route("https://*/*", lambda route: route.abort())
        mail_in(page)
        assert looked.asked == []
        page.get_by_label("Load pictures from the network").check()
        mail_in(page)
        assert sorted(looked.asked) == [
            "https://example.com/b.png",
            "https://example.com/c.png",
            "https://example.com/hero.jpg",
            "https://track.example/pixel.gif",
        ]
        looked.asked.clear()
        page.get_by_label("Load pictures from the network").uncheck()
        mail_in(page)
        page.reload()
        mail_in(page)
        assert not page.get_by_label("Load pictures from the network").is_checked()
        assert looked.asked == []


TELLING = r"""<meta name="Referrer" content="unsafe-url"><meta name="color-scheme" content="light dark">
<style>.a{background:url("http://HOST/sheet" referrerpolicy(unsafe-url))}
.b{background:\75rl("http://HOST/escaped" referrer-policy(unsafe-url))}</style>
<img src="http://HOST/img" referrerpolicy="unsafe-url"><img src="http://HOST/plain">
<svg><image href="http://HOST/svg" referrerpolicy="unsafe-url"/></svg>
<p class="a" style='background:u\72 l("http://HOST/style" referrerpolicy(unsafe-url))'>one</p>
<p class="b">two</p><table background="http://HOST/table" referrerpolicy="unsafe-url"><tr><td>x</table>"""


class _Host(BaseHTTPRequestHandler):
    """It has the page, and no picture; `asked` are the paths with the Referer of each."""

    page = b""
    asked: ClassVar[dict[str, str | None]] = {}

    def do_GET(self) -> None:
        is_page = self.path.startswith("/page")
        if not is_page and self.path != "/favicon.ico":
            self.asked[self.path] = self.headers.get("Referer")
        self.send_response(200 if is_page else 404)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.page if is_page else b"")

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_picture_that_is_loaded_tells_its_host_nothing_of_the_page(
    browser, mail, tmp_path: Path
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Host) as host:
        Thread(target=host.serve_forever, daemon=True).start()
        here = f"127.0.0.1:{host.server_port}"
        path = write(tmp_path, [mail(html=TELLING.replace("HOST", here))])
        _Host.page = path.read_bytes()
        with looked_at(browser, path) as looked:
            page = looked.page
            page.goto(f"http://{here}/page?token=SECRET")
            mail_in(page)
            assert not _Host.asked
            page.get_by_label("Load pictures from the network").check()
            frame = mail_in(page)
            named = frame.locator("meta[name]").count()  # the colours that it is written for
            page.wait_for_load_state("networkidle")
        host.shutdown()
    assert {"/img", "/plain", "/table"} <= _Host.asked.keys()
    assert {*_Host.asked.values()} == {None}, _Host.asked
    assert named == 1


SLOW = "".join(
    [
        f"<style>p{{color:{'url(' * 20_000}}}</style><style>p{{color:{'image-set(' * 20_000}}}</style>",
        f"<style>p{{color:{'url(' + chr(34)}</style><style>p{{color:{'url(' + ' ' * 20_000}x}}</style>",
        f"<p style='color:url({' ' * 20_000}x'>slow</p>",
        f"""<p style="background:{"url('" * 20_000}">slow</p>""",
        "<img alt=none src=cid:toString><img alt=none src=cid:__proto__><img alt=none src=cid:%>",
        "<p style='width:7px;background:url(https://example.com/x);height:9px'>quick</p>",
    ]
)


def test_no_style_and_no_name_of_a_picture_leads_a_page_astray(
    browser, mail, tmp_path: Path
) -> None:
    with looked_at(browser, write(tmp_path, [mail(html=SLOW)])) as looked:
        looked.page.set_default_timeout(10_000)
        frame = mail_in(looked.page)
        assert frame.get_by_text("quick").get_attribute("style") == (
            "width:7px;background:none;height:9px"
        )
        for picture in frame.get_by_alt_text("none").all():
            assert picture.get_attribute("title") == (
                f"none\nno such picture in the mail: {picture.get_attribute('title').split()[-1]}"
            )
        assert (looked.asked, looked.heard) == ([], [])


def test_without_pictures_their_words_are_shown(browser, mail, tmp_path: Path) -> None:
    with looked_at(browser, write(tmp_path, [mail(html=HTML)])) as looked:
        mail_in(looked.page)
        looked.page.locator("label", has_text="None").click()
        frame = mail_in(looked.page)
        assert frame.locator("img[src]").count() == 0
        assert frame.get_by_alt_text("Meadow").is_visible()
        looked.kept("without-pictures")


HOSTILE = """<html onclick="top.ran=1"><head><base href="https://evil.example/">
<meta http-equiv="refresh" content="0;url=https://evil.example/refresh">
<meta http-equiv="Content-Security-Policy" content="img-src *">
<link rel=stylesheet href="https://evil.example/a.css"><link rel=prefetch href="https://evil.example/b">
<style>@import url(https://evil.example/c.css); @font-face{font-family:x;src:url(https://evil.example/f)}
p{background:url("https://evil.example/d.png");font-family:x}</style></head>
<body onload="top.ran=1" background="//evil.example/e.png"><p>Still here</p>
<script>top.ran=1;parent.document.title="ran"</script><script src="https://evil.example/s.js"></script>
<img src=x onerror="top.ran=1"><svg onload="top.ran=1"><script>top.ran=1</script>
<image href="https://evil.example/g.png"/><use href="https://evil.example/h.svg#a"/>
<foreignObject><iframe src="javascript:top.ran=1"></iframe></foreignObject>
<a href="javascript:top.ran=1"><text y=9>svg</text></a></svg>
<iframe srcdoc="<script>top.ran=1</script>"></iframe><iframe src="https://evil.example/i"></iframe>
<object data="https://evil.example/j"></object><embed src="https://evil.example/k">
<video autoplay poster="https://evil.example/l"><source src="https://evil.example/m"></video>
<audio src="https://evil.example/n" autoplay></audio><input type=image src="https://evil.example/o">
<input autofocus onfocus="top.ran=1"><details open ontoggle="top.ran=1"><summary>d</summary></details>
<form id=f action="javascript:top.ran=1"><button>send</button><input name=attributes><input name=remove>
<input name=getAttributeNames><input name=style><input name=parentNode></form>
<button form=f formaction="javascript:top.ran=1">send too</button>
<img name=body><img name=documentElement><img name=querySelectorAll><img name=addEventListener>
<img name=createElement><img name=fonts><img name=head><form name=location></form><a id=document>a</a>
<math><mtext><table><mglyph><style><img src=x onerror="top.ran=1"></style></mglyph></table></mtext></math>
<template><img src="https://evil.example/p"></template><noscript><img src="https://evil.example/q"></noscript>
<div style="background:u\\72l(https://evil.example/r)">escaped</div>
<a href="javascript:top.ran=1">run</a><a href="data:text/html,<script>top.ran=1</script>">data</a>
</script></iframe></textarea>"""


def test_a_hostile_mail_runs_nothing_asks_nothing_and_reaches_nothing(
    browser, mail, tmp_path: Path
) -> None:
    one = mail(html=HOSTILE, text=HOSTILE, subject=f"</script>{HOSTILE}")
    with looked_at(browser, write(tmp_path, [one, mail(3)])) as looked:
        page, frame = looked.page, mail_in(looked.page)
        address = page.url
        assert frame.get_by_text("Still here").is_visible()
        for word in ("run", "data", "send", "send too"):
            # Playwright's own click goes by names that this form has taken.
            frame.get_by_text(word, exact=True).evaluate("node => node.click()")
        for tab in ("Text", "Headers", "Links", "Source", "HTML"):
            page.get_by_role("tab", name=tab).click()
        for look in ("Inverted", "Dark", "None"):
            page.locator("label", has_text=look).click()
            mail_in(page)
        assert page.evaluate("window.ran") is None
        assert page.evaluate("document.activeElement.localName") != "iframe"
        assert page.title() != "ran"
        assert page.url == address
        page.wait_for_timeout(200)  # for a request that comes late
        assert looked.asked == []
        page.keyboard.press("j")  # what a mail names its parts does not reach the page
        assert mail_in(page).get_by_text("Dear").is_visible()
        forbidden = ("Refused", "violates", "Blocked script execution")
        assert not [line for line in looked.heard if not any(word in line for word in forbidden)]


def test_what_the_page_overlooked_the_frame_forbids(browser, mail, tmp_path: Path) -> None:
    """The frame alone, given a mail's nodes as they are, as if nothing had been taken out."""
    with looked_at(browser, write(tmp_path, [mail()])) as looked:
        page, frame = looked.page, mail_in(looked.page)
        page.evaluate(
            """() => {
                const own = document.querySelector("iframe.mail").contentDocument;
                own.body.innerHTML = '<img src="https://evil.example/a" onerror="top.ran=1">'
                  + '<iframe src="https://evil.example/b"></iframe><div onclick="top.ran=1">press</div>';
                const script = own.createElement("script");
                script.textContent = "top.ran=1";
                own.body.append(script);
            }"""
        )
        frame.get_by_text("press").click()
        assert page.evaluate("window.ran") is None
        while len(looked.forbidden) < 1:
            page.wait_for_timeout(20)
        assert set(looked.forbidden) <= {"https://evil.example/a", "https://evil.example/b"}
        assert looked.asked == []
        assert frame.evaluate("document.compatMode") == "CSS1Compat"


DARK = """<style>:root{color-scheme:light dark}body{background:#fff;color:#111}
@media (prefers-color-scheme:dark){body{background:#000;color:#eee}}</style><p>Dear Jane</p>
<p style="color:#c00">red</p><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">"""


def colour(frame: Any, of: str = "body", what: str = "backgroundColor") -> str:
    found: str = frame.locator(of).first.evaluate(f"node => getComputedStyle(node).{what}")
    return found


def test_the_mail_is_light_or_dark_as_it_was_written_or_turned(
    browser, mail, tmp_path: Path
) -> None:
    """Without a scheme that playwright would put on all frames alike."""
    path = write(tmp_path, [mail(html=DARK), mail(3, html="<p>plain</p>")])
    with looked_at(browser, path, color_scheme="null") as looked:
        page = looked.page
        assert colour(mail_in(page)) == "rgb(255, 255, 255)"
        page.locator("label", has_text="Dark").click()
        assert colour(mail_in(page)) == "rgb(0, 0, 0)"
        page.locator("label", has_text="Inverted").click()
        frame = mail_in(page)
        assert colour(frame) == "rgb(28, 28, 28)"
        assert colour(frame, "body", "color") == "rgb(226, 226, 226)"
        red, green, blue = map(int, colour(frame, "p + p", "color")[4:-1].split(", "))
        assert red > green == blue  # the hue stays
        looked.kept("inverted")
        page.get_by_role("button", name="Next").click()
        assert mail_in(page).locator("html").evaluate(
            "n => getComputedStyle(n).backgroundColor"
        ) == ("rgb(28, 28, 28)")
        page.locator("label", has_text="Dark").click()
        mail_in(page)
        assert "it says nothing of dark colours" in page.locator(".seen").text_content()


def test_the_frame_is_as_high_as_the_mail_at_every_width(browser, mail, tmp_path: Path) -> None:
    words = (
        "<p>Some words of a mail that are so many that they need more lines on a phone.</p>" * 80
    )
    tall = f"<body style='margin:0'><div style='min-height:100vh;overflow:hidden'>{words}"
    wide = "<table width=900><tr><td>wide</table>"
    path = write(tmp_path, [mail(html=tall), mail(3, html=wide)])
    with looked_at(browser, path) as looked:
        page = looked.page
        heights = []
        for name, width in (("Phone", 375), ("Tablet", 768), ("Desktop", 1200)):
            page.locator("label", has_text=name).click()
            frame = mail_in(page)
            root = "n => [n.clientWidth, n.clientHeight, n.scrollHeight]"
            inner, height, all_of_it = frame.locator("html").evaluate(root)
            assert inner == width
            assert height == all_of_it
            heights.append(height)
            box, stage = (
                page.locator(".sheet").bounding_box(),
                page.locator(".stage").bounding_box(),
            )
            assert round(box["height"]) == round(stage["height"])
            assert box["width"] <= stage["width"] + 1
        assert heights[0] > heights[2] > 2000
        page.locator("label", has_text="Phone").click()
        page.get_by_role("button", name="Next").click()
        mail_in(page)
        assert "the mail is 9" in page.locator(".seen").text_content()


def test_html_of_a_megabyte_with_thousands_of_links_is_shown_and_its_weight_said(
    browser, mail, tmp_path: Path
) -> None:
    html = "".join(
        f"<p><a href='https://x.example/{n}'>link {n}</a> {'word ' * 30}</p>" for n in range(5000)
    )
    with looked_at(browser, write(tmp_path, [mail(html=html)])) as looked:
        page, frame = looked.page, mail_in(looked.page)
        assert frame.get_by_text("link 3", exact=True).is_visible()
        assert "Only the beginning is here" in page.locator("#panel").text_content()
        assert (
            "Gmail shows the first 102 KB and cuts off the rest"
            in page.locator(".weight").text_content()
        )
        page.get_by_role("tab", name="Links (5,000)").click()
        assert "more links of this mail are not listed" in page.locator("#panel").text_content()
        assert looked.heard == []
