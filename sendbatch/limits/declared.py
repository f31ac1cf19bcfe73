"""The one place where what a profile and a campaign declare becomes the gates of a run.

To add a gate: a module beside these with a class of `Gate`, and its line in `limits_of`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sendbatch.campaign.model import Campaign, Profile, Retry
from sendbatch.limits.account import Allowance
from sendbatch.limits.aside import Aside
from sendbatch.limits.back_off import BackOff
from sendbatch.limits.brake import Brake
from sendbatch.limits.connections import Connections
from sendbatch.limits.gates import Gate, Gates
from sendbatch.limits.pace import paces
from sendbatch.limits.quota import Quota, quotas_of
from sendbatch.runtime.clock import Clock
