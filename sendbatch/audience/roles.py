"""Addresses of a role: several people read them, and none of them has asked for it by that address."""

from __future__ import annotations

# RFC 2142 §3 to §6: business, network, services; www and the like are in nobody's list.
OF_RFC_2142 = frozenset({
    *("info", "marketing", "sales", "support", "abuse", "noc", "security"),
    *("postmaster", "hostmaster", "usenet", "news", "webmaster", "www", "uucp", "ftp"),
})  # fmt: skip
# Those that firms have by custom, in the languages of most lists.
BY_CUSTOM = frozenset({
    *("admin", "administrator", "root", "contact", "contacts", "office", "hello", "help", "helpdesk"),
    *("service", "customerservice", "customer.service", "customercare", "billing", "accounts", "accounting"),
    *("finance", "invoices", "invoice", "orders", "order", "jobs", "careers", "hr", "recruitment", "press"),
    *("media", "enquiries", "enquiry", "inquiries", "feedback", "reception", "team", "staff"),
    *("everyone", "privacy", "legal", "compliance", "noreply", "no-reply", "no.reply", "donotreply"),
    *("do-not-reply", "mailer-daemon", "bounce", "bounces", "spam", "list", "newsletter", "subscribe"),
    *("unsubscribe", "reservations", "booking", "bookings", "shop", "store", "webshop"),
    *("kontakt", "buero", "büro", "verwaltung", "vertrieb", "verkauf", "buchhaltung", "rechnung"),
    *("rechnungen", "bewerbung", "presse", "sekretariat", "zentrale", "empfang", "kundenservice"),
    *("datenschutz", "hallo", "commercial", "comptabilite", "compta", "accueil", "secretariat", "direction"),
    *("contacto", "ventas", "administracion", "facturacion", "pedidos", "reservas", "contato", "vendas"),
    *("contatto", "contatti", "amministrazione", "vendite", "segreteria", "commerciale", "ordini"),
    *("biuro", "sprzedaz", "administratie", "verkoop", "klantenservice", "receptie"),
})  # fmt: skip
ROLES = OF_RFC_2142 | BY_CUSTOM


def role_of(local: str) -> str | None:
    """The role by which an address goes, of the part before its @; None where it is somebody's own."""
    name = local.lower().partition("+")[0]
    return name if name in ROLES else None
