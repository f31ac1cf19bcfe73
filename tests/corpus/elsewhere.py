"""Rules that no campaign in a folder can show by itself: of the machine, of a run, of a server, of a name
server, of what arrived; and the tests that show them, by their file below tests/ and words in it, "" where it
names the rule."""

from __future__ import annotations

from sendbatch.findings import Rule

ELSEWHERE: dict[Rule, tuple[str, str]] = {
    Rule.FILE_EXISTS: ("campaign/pipelines/test_github.py", "is there already; nothing was written"),
    Rule.UNWRITABLE_FILE: ("cli/test_streams.py", "the output cannot be written"),
    Rule.UNUSABLE_ADDRESS: ("message/test_addressing.py", "wire_address"),
    Rule.MISSING_SECRET: ("campaign/test_secrets.py", "is not set"),
    Rule.WEAK_SECRET: ("cli/test_leaving.py", "UNSUBSCRIBE_SECRET"),
    Rule.REPORT_KEY: ("cli/test_encrypted.py", "SENDBATCH_REPORT_KEY can be guessed"),
    Rule.UNUSABLE_KEY: ("campaign/test_dkim.py", "key"),
    Rule.WRITABLE_KEY: ("campaign/test_dkim.py", "others can write it"),
    Rule.READABLE_KEY: ("campaign/test_dkim.py", ""),
    Rule.HEAVY_MESSAGE: ("message/test_finished.py", "heavy-message"),
    Rule.SHORT_KEY: ("cli/test_dkim.py", "has 1024 bits"),
    Rule.DOTENV_SYNTAX: ("campaign/test_secrets.py", ".env"),
    Rule.WRONG_USAGE: ("cli/test_check_formats.py", "write error or warning"),
    Rule.STUCK_ROW: ("cli/test_bounds.py", "takes more memory than there is"),
    Rule.STUCK_MESSAGE: ("rendering/test_pool.py", "takes more memory than there is"),
    Rule.NO_DNS_ANSWER: ("planning/test_plan.py", "1 domain could not be looked up"),
    Rule.MJML_JINJA: ("message/test_mjml.py", ""),
    Rule.MJML_WIDTHS: ("message/test_mjml.py", ""),
    Rule.MJML_RAW: ("message/test_mjml.py", ""),
    Rule.MJML_UNUSED: ("message/test_mjml.py", ""),
    Rule.MESSAGE_TOO_LARGE: ("planning/test_plan.py", "the server takes 1,000"),
    Rule.MESSAGE_LIKELY_TOO_LARGE: ("hostile/test_sizes.py", "the server takes 1,200,000"),
    Rule.GUARD_REFUSED: ("planning/test_planning.py", "GuardError"),
    Rule.RECORD_UNUSABLE: ("cli/test_hostile_record.py", "record"),
    Rule.RECORD_IN_USE: ("ledger/test_lock.py", "this campaign is being sent by another process"),
    Rule.INTERRUPTED: ("runtime/test_stop.py", ""),
    Rule.FILE_LIMIT: ("hostile/test_machine.py", "ulimit -n"),
    Rule.NOT_INSTALLED: ("message/test_mjml.py", ""),
    Rule.NO_WORKER: ("cli/test_in_a_container.py", "the Python that sendbatch runs on cannot be started"),
    Rule.NO_MAIL: ("arrival/test_reading.py", "no mailbox takes a mail of that size"),
    Rule.FREE_MAIL_SENDER: ("message/test_senders.py", "free-mail-sender"),
    Rule.MAILBOX_UNUSABLE: ("arrival/test_mailbox.py", "refused the login"),
    Rule.ARRIVED_AS_JUNK: ("cli/test_proof_arrived.py", "it arrived in the folder for junk"),
    Rule.SERVER_UNUSABLE: ("smtp/test_opening.py", "SmtpError"),
}
# Topics of which all is shown in the tests of one room, by the name of each rule.
ROOMS: dict[str, tuple[str, ...]] = {"ARRIVAL": ("arrival",), "SENDER": ("published",)}
