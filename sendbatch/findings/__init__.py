"""What is wrong or doubtful in what a user wrote: the rules with their ids, and how rows share a finding.

Doors: `Rule`, the table of rules, which makes a `Finding`; `Groups`, what many rows share; `Ignoring`, what
is not to be told.
"""

from sendbatch.errors import Finding as Finding
from sendbatch.findings.groups import MOST_GROUPS as MOST_GROUPS
from sendbatch.findings.groups import WORDINGS as WORDINGS
from sendbatch.findings.groups import Group as Group
from sendbatch.findings.groups import Groups as Groups
from sendbatch.findings.groups import pattern_of as pattern_of
from sendbatch.findings.ignoring import Heard as Heard
from sendbatch.findings.ignoring import Ignoring as Ignoring
from sendbatch.findings.ignoring import Remark as Remark
from sendbatch.findings.ignoring import failing as failing
from sendbatch.findings.rules import Rule as Rule
from sendbatch.findings.rules import Topic as Topic
