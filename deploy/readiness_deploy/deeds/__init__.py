"""What is done in each state. Each deed looks, decides, writes conditionally, and says what came of it.

A deed may be cut short at any point and done again from its beginning: by this process, or by another one.
"""

from __future__ import annotations

from readiness_deploy.deeds import candidate, ending, preparing, returning, watching
from readiness_deploy.deeds.did import Deed, Did
from readiness_deploy.states import State

__all__ = ["DEEDS", "Did"]

DEEDS: dict[State, Deed] = {
    State.PLANNED: preparing.plan,
    State.ANNOUNCING: preparing.announce,
    State.EXPANDING: preparing.expand,
    State.PROVING: preparing.prove,
    State.PROVISIONING: candidate.provision,
    State.VERIFYING: candidate.verify,
    State.APPROVING: candidate.approve,
    State.DOUBTING: candidate.doubt,
    State.SWITCHING: candidate.switch,
    State.GUARDED: watching.watch,
    State.CONVERGING: watching.converge,
    State.BAKING: watching.bake,
    State.COMMITTING: ending.commit,
    State.RETIRING: ending.retire,
    State.ROLLING_BACK: returning.roll_back,
    State.RETURNING: returning.give_back,
    State.HOLDING: ending.hold,
    State.ABORTING: ending.clear("aborted"),
    State.REFUSING: ending.clear("refused"),
    State.SUPERSEDING: ending.clear("superseded"),
}
