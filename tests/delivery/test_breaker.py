"""When permanent refusals in a row reject somebody, when they stop a run, and when neither."""

from __future__ import annotations

from random import Random

import pytest

from sendbatch.delivery.breaker import BREAKER, Breaker, Carried
from sendbatch.delivery.verdict import Refusal, judge, verdict
from sendbatch.delivery.words import tripped
from sendbatch.ledger.facts import Change, Settled
from sendbatch.ledger.streak import CLEAR, MOST_ASIDE, after
from sendbatch.values import Outcome, Recipient, Reply, Status
from tests.kit.handing import answered

NEVER = Reply(550, "go away", "RCPT")
NOBODY = Reply(550, "no such user", "RCPT", "5.1.1")
RELAY = Reply(554, "Relay access denied", "RCPT", "5.7.1")
AT = 1_800_000_000.0


def recipient(number: int, told: Reply | None = None, *, its_own: bool = False) -> Recipient:
    return Recipient(number, number, f"p{number}", "", (), refused=told, refusal_is_its_own=its_own)


def refusal(
    number: int, reply: Reply = NEVER, domain: str = "example.org", *, its_own: bool = False
) -> Refusal:
    outcome = verdict(answered(reply))
    return judge(outcome, recipient(number, its_own=its_own), domain, None, AT)


def refuse(breaker: Breaker, count: int, reply: Reply = NEVER, *domains: str) -> None:
    names = domains or ("example.org",)
    for number in range(count):
        breaker.refused(refusal(number, reply, names[number % len(names)]))


class TestBehindAcceptedMessages:
    """Words that are not known may mean that a connection carries no more, whoever comes."""

    def test_only_an_acceptance_on_the_same_connection_condemns(self) -> None:
        breaker = Breaker()
        breaker.refused(refusal(1), Carried("first", 5, 5))
        breaker.refused(refusal(2), Carried("second", 5, 5))
        breaker.refused(refusal(3), Carried("third", 0, 0))
        assert breaker.accepted(Carried("third", 0, 1)) == ([3], [])
        assert breaker.accepted(Carried("third", 4, 7)) == ([], [])
        assert breaker.accepted(Carried("first", 5, 6)) == ([1, 2], [])  # one carries more than that

    def test_where_no_connection_carries_more_nobody_is_condemned(self) -> None:
        breaker = Breaker()
        for connection in "abc":
            breaker.refused(refusal(1), Carried(connection, 5, 5))
            for accepted in range(5):
                assert breaker.accepted(Carried(f"{connection} anew", accepted, accepted)) == ([], [])
        assert breaker.finish(lately=True) == ([], {})

    def test_where_one_is_known_to_carry_more_any_acceptance_condemns(self) -> None:
        breaker = Breaker()
        breaker.accepted(Carried("first", 9, 9))
        breaker.refused(refusal(1), Carried("second", 5, 6))
        assert breaker.accepted(Carried("third", 0, 0)) == ([1], [])

    def test_what_is_known_to_speak_of_the_mailbox_is_condemned_by_any(self) -> None:
        breaker = Breaker()
        breaker.refused(refusal(1, NOBODY), Carried("first", 5, 5))
        assert breaker.accepted(Carried("second", 0, 0)) == ([1], [])

    def test_an_acceptance_that_need_not_be_told_would_have_changed_nothing(self) -> None:
        chance = Random(7)
        told, spared, untold = Breaker(), Breaker(), 0
        for number in range(2000):
            accepted, doubted = chance.randrange(8), chance.random() < 0.02
            behind = Carried(chance.choice("abc"), accepted, accepted + chance.randrange(2))
            reply = chance.choice((NEVER, NOBODY)) if chance.random() < 0.1 else None
            for breaker in (told, spared):
                if reply is not None:
                    breaker.refused(refusal(number, reply), behind)
                if doubted:
                    breaker.doubted()
            follows = told.accepted(behind)
            if behind.messages > accepted or accepted > spared.unmoved_up_to:
                assert spared.accepted(behind) == follows
            else:
                assert follows == ([], [])
                untold += 1
        assert untold > 200


class TestTheStreak:
    def test_an_acceptance_ends_it_and_condemns_those_in_it(self) -> None:
        breaker = Breaker()
        refuse(breaker, BREAKER - 1)
        assert breaker.accepted() == (list(range(BREAKER - 1)), [])
        assert breaker.accepted() == ([], [])

    def test_those_that_spoke_about_us_are_not_condemned_but_known_to_be_their_own(self) -> None:
        breaker = Breaker()
        breaker.refused(refusal(1, RELAY))
        breaker.refused(refusal(2))
        breaker.refused(refusal(3, Reply(550, "no", "MAIL")))
        assert breaker.accepted() == ([2], [1, 3])

    @pytest.mark.parametrize("accepted", [True, False])
    @pytest.mark.parametrize("lately", [True, False])
    def test_at_the_end_of_the_run_those_told_of_their_mailbox_are_condemned_where_the_set_up_works(
        self, accepted: bool, lately: bool
    ) -> None:
        breaker = Breaker()
        if accepted:
            breaker.accepted()
        for number, reply in enumerate((NEVER, NOBODY, RELAY)):
            breaker.refused(refusal(number, reply))
        expected = ([1], {}) if accepted or lately else ([], {1: AT})
        assert breaker.finish(lately=lately) == expected

    def test_one_whose_refusal_is_its_own_does_not_lengthen_it(self) -> None:
        breaker = Breaker()
        for number in range(BREAKER * 2):
            breaker.refused(refusal(number, RELAY, its_own=True))
        assert (breaker.length, breaker.aside, breaker.tripped) == (0, frozenset(), False)

    def test_one_refused_in_an_earlier_run_lengthens_it_all_the_same(self) -> None:
        breaker = Breaker()
        for number in range(3):
            outcome = verdict(answered(NEVER))
            breaker.refused(judge(outcome, recipient(number, NEVER), "a.example", None, AT))
        assert breaker.length == 3


class TestTheBreaker:
    def test_twenty_at_several_domains_after_an_acceptance_trip_it(self) -> None:
        breaker = Breaker()
        breaker.accepted()
        refuse(breaker, BREAKER - 1, NEVER, "a.example", "b.example")
        assert not breaker.tripped
        breaker.refused(refusal(77))
        assert breaker.tripped
        assert tripped(breaker.trip) == "20 permanent refusals in a row, the last one: 550 go away"

    def test_five_known_to_speak_about_us_trip_it(self) -> None:
        breaker = Breaker()
        breaker.accepted()
        refuse(breaker, 5, RELAY, "a.example", "b.example")
        assert breaker.tripped
        assert tripped(breaker.trip) == (
            "5 refusals in a row that speak about us and not about the recipients, the last one: "
            "554 5.7.1 Relay access denied"
        )

    def test_where_all_speak_of_one_sender_the_end_names_it(self) -> None:
        mail = answered(Reply(553, "5.7.1 not owned by user", "MAIL"))
        for senders, named in (("b", True), ("bb", True), ("ab", False)):
            breaker = Breaker()
            breaker.accepted()
            for number in range(5):
                sender = f"{senders[number % len(senders)]}@example.com"
                domain = f"{number}.example"
                row = recipient(number)
                breaker.refused(judge(verdict(mail), row, domain, None, AT, sender))
            assert breaker.tripped
            assert (", all of b@example.com as the sender, the last" in tripped(breaker.trip)) is named

    def test_so_do_five_to_mail_whatever_they_say(self) -> None:
        breaker = Breaker()
        breaker.accepted()
        refuse(breaker, 5, Reply(550, "no", "MAIL"), "a.example", "b.example")
        assert breaker.tripped

    def test_as_many_as_a_person_says_trip_it(self) -> None:
        breaker = Breaker(limit=3)
        breaker.accepted()
        refuse(breaker, 2, NEVER, "a.example", "b.example")
        assert not breaker.tripped
        breaker.refused(refusal(9))
        assert breaker.tripped

    def test_all_at_one_domain_it_is_set_aside_and_the_next_row_of_another_decides(self) -> None:
        breaker = Breaker()
        breaker.accepted()
        refuse(breaker, BREAKER)
        assert (breaker.tripped, breaker.aside) == (False, {"example.org"})
        breaker.refused(refusal(77))  # it was on its way
        assert not breaker.tripped
        breaker.refused(refusal(78, NEVER, "b.example"))
        assert breaker.tripped

    def test_an_acceptance_passes_it(self) -> None:
        breaker = Breaker()
        breaker.accepted()
        refuse(breaker, BREAKER)
        assert breaker.accepted() == (list(range(BREAKER)), [])
        assert (breaker.aside, breaker.length) == (frozenset(), 0)

    @pytest.mark.parametrize("reply", [NEVER, RELAY])
    def test_with_nobody_accepted_yet_three_rows_of_other_domains_are_tried(
        self, reply: Reply
    ) -> None:
        breaker = Breaker()
        refuse(breaker, BREAKER, reply, "a.example", "b.example")
        assert breaker.aside == {"a.example", "b.example"}
        for number in range(2):
            breaker.refused(refusal(number, reply, "c.example"))
        assert not breaker.tripped
        breaker.refused(refusal(3, reply, "d.example"))
        assert breaker.tripped

    def test_with_nobody_else_to_try_it_trips(self) -> None:
        breaker = Breaker()
        breaker.nobody_else()
        assert not breaker.tripped
        refuse(breaker, BREAKER)
        breaker.nobody_else()
        assert breaker.tripped

    def test_at_the_end_of_the_list_it_trips_too_and_condemns_nobody(self) -> None:
        breaker = Breaker()
        breaker.accepted()
        refuse(breaker, BREAKER, NOBODY)
        condemned, told = breaker.finish(lately=True)
        assert (breaker.tripped, condemned, len(told)) == (True, [], BREAKER)

    def test_so_many_domains_alike_need_no_others_to_compare_with(self) -> None:
        breaker = Breaker(limit=MOST_ASIDE + 1)
        for number in range(MOST_ASIDE + 1):
            breaker.refused(refusal(number, NEVER, f"{number}.example"))
        assert breaker.tripped

    def test_once_tripped_an_acceptance_changes_nothing(self) -> None:
        breaker = Breaker()
        refuse(breaker, BREAKER)
        breaker.nobody_else()
        assert breaker.accepted() == ([], [])
        assert breaker.tripped


class TestSilence:
    def test_a_server_that_never_answers_is_left_after_twenty_and_one_for_each_connection(
        self,
    ) -> None:
        breaker = Breaker(connections=4)
        for _ in range(23):
            breaker.doubted()
        assert not breaker.tripped
        breaker.doubted()
        assert breaker.tripped
        assert tripped(breaker.trip) == "24 messages in a row were sent whole and never answered"

    def test_an_acceptance_between_ends_the_row_of_doubts(self) -> None:
        breaker = Breaker(connections=1)
        for _ in range(20):
            breaker.doubted()
        breaker.accepted()
        breaker.doubted()
        assert not breaker.tripped


class TestCountedByAllRunners:
    """Two runners of one record; what each writes is counted where both see it, in the order of commits."""

    def runners(self, accepted: bool = True) -> tuple[list[Change], Breaker, Breaker]:
        written: list[Change] = [Settled(99, Outcome(Status.ACCEPTED), None, AT)] if accepted else []
        return written, Breaker(elsewhere=written.append), Breaker(elsewhere=written.append)

    def test_refusals_of_both_make_one_row_and_end_both(self) -> None:
        written, one, other = self.runners()
        for number in range(10):
            one.refused(refusal(number, NEVER, "a.example"))
            other.refused(refusal(100 + number, NEVER, "b.example"))
        assert (one.tripped, other.tripped) == (False, False)
        told = after("", written)
        assert one.heard(told) == other.heard(told) == ([], [])
        assert one.tripped
        assert tripped(one.trip) == tripped(other.trip)
        assert tripped(other.trip) == "20 permanent refusals in a row, the last one: 550 go away"

    def test_an_acceptance_by_another_condemns_who_was_refused_before_it_and_nobody_else(self) -> None:
        written, one, _ = self.runners()
        one.refused(refusal(1))
        one.refused(refusal(2, RELAY))
        assert one.heard(after("", written)) == ([], [])
        one.refused(refusal(3))  # behind what was heard of: it may have come after that acceptance
        assert one.heard(CLEAR) == ([1], [2])
        assert one.heard(after(CLEAR, written[3:])) == ([], [])
        assert one.heard(CLEAR) == ([3], [])

    def test_many_refused_by_one_while_another_is_accepted_are_none_in_a_row(self) -> None:
        written, one, _ = self.runners()
        for number in range(3 * BREAKER):
            one.refused(refusal(number, NEVER, f"{number % 7}.example"))
            written.append(Settled(200 + number, Outcome(Status.ACCEPTED), None, AT))
            one.heard(after("", written))
        assert (one.tripped, one.length) == (False, 0)

    def test_one_at_its_end_leaves_to_others_whom_they_are_still_trying(self) -> None:
        written, one, other = self.runners()
        refuse(one, BREAKER, NOBODY)
        one.heard(after("", written))
        assert one.aside == {"example.org"}
        condemned, told = one.finish(lately=True)
        assert (one.tripped, condemned, len(told)) == (False, [], BREAKER)
        other.heard(after("", written))
        other.refused(refusal(500, NOBODY, "b.example"))
        other.heard(after("", written))
        assert other.tripped

    def test_nobody_else_for_any_of_them_trips_it(self) -> None:
        written, one, _ = self.runners(accepted=False)
        one.nobody_else()
        assert written == []
        refuse(one, BREAKER)
        one.heard(after("", written))
        one.nobody_else()
        one.heard(after("", written))
        assert one.tripped

    def test_while_the_word_on_too_many_is_on_its_way_those_domains_wait(self) -> None:
        written, one, _ = self.runners()
        refuse(one, BREAKER - 1)
        assert one.aside == frozenset()
        one.refused(refusal(500, NEVER, "b.example"))
        assert one.aside == {"example.org", "b.example"}
        one.heard(after("", [*written[:10], Settled(1, Outcome(Status.ACCEPTED), None, AT)]))
        assert (one.aside, one.tripped) == (frozenset(), False)
        refuse(one, BREAKER)
        one.accepted()
        assert one.aside == frozenset()
