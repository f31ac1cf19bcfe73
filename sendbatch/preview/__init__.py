"""How it is shown: mails on one page, before they are sent and after.

Doors: `document.entry_of`, which makes an entry of a mail's bytes, `page.render`, and
`gallery.write_gallery`, the page with each mail as a file beside it. What is shown of a mail is what it is:
`opened` reads its bytes, as they would be sent or were kept; `invited` reads its invitation, `links` where
its links lead, and an `album` has the pictures of all mails, each once. Whom a gallery shows is for
`choosing`, and `told` says why; for strangers cells are `made_up`, and `stand_ins` take the place of files
of recipients' own. `page.html`, `page.css` and the scripts become one file: `frame.js` shows a mail's HTML
without its sting, `look.js` as a program would that darkens it, `message.js` one mail, `page.js` the list
and the way from one to the next. Nothing is imported here.
"""
