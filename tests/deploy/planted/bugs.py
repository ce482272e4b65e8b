"""Wrong edits of the rollout, each after an incident of another deployer. The suite must catch every one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bug:
    """One edit: in `file`, `old` (which is there exactly once) becomes `new`. `after` is the incident; `part` the part
    of the trial that is expected to catch it."""

    name: str
    file: str
    old: str
    new: str
    after: str
    part: str = "clean"


BUGS = (
    Bug(
        "switch before the gates",
        "bluegreen.py",
        "(_S.PROVISIONING, _E.OK): _S.VERIFYING,",
        "(_S.PROVISIONING, _E.OK): _S.APPROVING,",
        "Argo Rollouts #3724: a gate that never ran counted as passed",
    ),
    Bug(
        "a first deploy skips its gates",
        "deeds/candidate.py",
        "    series = world.gates.begin(intent.before, subject)\n",
        "    if world.route.observe().record.selected is None:\n        return OK\n"
        "    series = world.gates.begin(intent.before, subject)\n",
        "Argo Rollouts #4750: an empty selector bypassed the gates",
    ),
    Bug(
        "inconclusive before the switch is a pass",
        "deeds/candidate.py",
        "    return Did(Event.INCONCLUSIVE, series.why())\n\n\ndef _taken_over",
        "    return OK\n\n\ndef _taken_over",
        "Argo Rollouts #4479: a run of errors only was successful",
    ),
    Bug(
        "no data in the bake is a pass",
        "deeds/watching.py",
        "    if verdict is Verdict.PASS:\n        return OK\n    if verdict is Verdict.INCONCLUSIVE and",
        "    if verdict is not Verdict.FAIL:\n        return OK\n    if verdict is Verdict.INCONCLUSIVE and",
        "Flagger #1095: no data counted as good",
    ),
    Bug(
        "the way back needs the new release",
        "deeds/returning.py",
        "    if not view.ready or target is None or view.release != target.id:\n        if by_request",
        "    well = view_of(seen, intent.colour).ready and view.ready\n"
        "    if not well or target is None or view.release != target.id:\n"
        "        if by_request",
        "Argo Rollouts: an abort moves traffic only when the new pods are available",
    ),
    Bug(
        "the way back does not ask the old release",
        "deeds/returning.py",
        "    if not view.ready or target is None or view.release != target.id:\n        if by_request",
        "    if target is None:\n        if by_request",
        "Flagger #1898: all traffic went to a broken primary",
    ),
    Bug(
        "the old release is stopped before the bake is over",
        "deeds/watching.py",
        "        world.route.write(record.but(phase=Phase.BAKING))\n",
        "        world.route.write(record.but(phase=Phase.BAKING))\n"
        '        world.colours.stop("green" if intent.colour == "blue" else "blue")\n',
        "Flagger #453: nothing to go back to after the promotion",
    ),
    Bug(
        "the old release is retired at once",
        "deeds/judgements.py",
        "        retire_after=intent.keep,\n",
        "        retire_after=0.0,\n",
        "Flagger #616: the earlier version was gone when it was needed",
    ),
    Bug(
        "an effect before the intent",
        "deeds/preparing.py",
        "    if seen.record.intent is None and _is_warm(seen, intent):\n",
        "    world.colours.start(intent.colour, intent.release)\n"
        "    if seen.record.intent is None and _is_warm(seen, intent):\n",
        "Kamal, docker-rollout: containers left over that nobody knows of",
        "crashes",
    ),
    Bug(
        "resume trusts that the gates have passed",
        "bluegreen.py",
        "        return State.DOUBTFUL if record.intent.doubt else State.WAITING\n    return State.PLANNED\n",
        "        return State.DOUBTFUL if record.intent.doubt else State.WAITING\n"
        "    return State.SWITCHING if record.phase is Phase.PREPARING and wanted is None else State.PLANNED\n",
        "Spinnaker #7921: a stale execution went on from where it had been",
    ),
    Bug(
        "the record is believed, not the route",
        "bluegreen.py",
        "    if is_foreign(seen):\n        return State.HOLDING",
        "    if False:\n        return State.HOLDING",
        "Argo Rollouts #3565: somebody else's edit of the service was overwritten",
        "foreign",
    ),
    Bug(
        "a conflict is swallowed",
        "bluegreen.py",
        "        return deeds.Did(Event.CONFLICT, str(fault))\n",
        "        return deeds.Did(Event.OK, str(fault))\n",
        "Argo Rollouts #3316: an object that had been modified",
        "meanwhile",
    ),
    Bug(
        "what cannot be seen is empty",
        "bluegreen.py",
        '        world.journal.note("unseen", why=str(fault))\n        return None\n',
        '        world.journal.note("unseen", why=str(fault))\n'
        "        return Observation(record=Record(), actual=frozenset(), colours={})\n",
        "deploy scripts with `|| echo blue`: a failed read deployed over the live colour",
        "lost",
    ),
    Bug(
        "the old release does not prove itself",
        "bluegreen.py",
        "(_S.EXPANDING, _E.OK): _S.PROVING,",
        "(_S.EXPANDING, _E.OK): _S.PROVISIONING,",
        "evoila/meho #1607: the old release could not use the new schema, neither way was open",
    ),
    Bug(
        "contract migrations in a deploy",
        "deeds/preparing.py",
        "    for migration in intent.expand:\n",
        "    for migration in intent.release.migrations:\n",
        "AI-Shipping-Labs #1266: a destructive migration while the old release served",
    ),
    Bug(
        "an approval fits any plan",
        "requests.py",
        "    if plan and not intent.plan.startswith(plan):\n",
        "    if False:\n",
        "terraform #27721: an approval of one plan applied another",
    ),
    Bug(
        "approval is not waited for",
        "deeds/candidate.py",
        '    if intent.approval in ("none", "given"):\n        return Did(Event.APPROVED)\n',
        "    if True:\n        return Did(Event.APPROVED)\n",
        "Argo Rollouts: the pause is skipped when there is no stable release",
    ),
    Bug(
        "a run that was taken back starts again",
        "bluegreen.py",
        "    if wanted is not None and not ended:\n        return State.PLANNED\n",
        '    if wanted is not None and not (ended and last and last.outcome != "rolled-back"):\n'
        "        return State.PLANNED\n",
        "Flagger #639: a failed release was tried again and again",
        "lost",
    ),
    Bug(
        "what was found bad is measured again",
        "bluegreen.py",
        "            if state in _WATCHED and condemned[0] == run:\n",
        "            if False:\n",
        "Argo Rollouts #2824: a verdict that was forgotten on the way",
        "lost",
    ),
    Bug(
        "a freeze is ignored",
        "deeds/preparing.py",
        "    if seen.record.freeze and intent.goal is Goal.DEPLOY:\n        freeze = seen.record.freeze\n",
        "    if False:\n        freeze = seen.record.freeze\n",
        "Kargo #1328: no line to stop",
    ),
    Bug(
        "the rollback floor is ignored",
        "deeds/preparing.py",
        "    if lacking:\n",
        "    if False:\n",
        "AI-Shipping-Labs #1266: a release below the schema it needs",
    ),
    Bug(
        "an abort takes the wrong colour",
        "deeds/ending.py",
        "        world.colours.stop(intent.colour)\n        record = world.route.observe().record\n",
        '        world.colours.stop("green" if intent.colour == "blue" else "blue")\n'
        "        record = world.route.observe().record\n",
        "Argo Rollouts #1292: an abort scaled the stable release down",
    ),
    Bug(
        "an abort leaves the candidate",
        "deeds/ending.py",
        "        world.colours.stop(intent.colour)\n        record = world.route.observe().record\n",
        "        record = world.route.observe().record\n",
        "Helm #4558: what a dead run began stays",
    ),
    Bug(
        "restarts under watch are not seen",
        "deeds/watching.py",
        "        if view_of(seen, intent.colour).restarts > restarts:\n",
        "        if False:\n",
        "Argo Rollouts #3765: a crash loop counted as progress for a day",
    ),
    Bug(
        "the switch is believed, not proven",
        "deeds/watching.py",
        "        streak = streak + 1 if said == release else 0\n        if streak:\n            continue\n"
        "        if world",
        "        streak += 1\n        if streak:\n            continue\n        if world",
        "Argo Rollouts #2488: the analysis measured the old pods",
    ),
    Bug(
        "unsafe data is taken back",
        "deeds/returning.py",
        "    if not by_request and intent.release.data_unsafe and not asked_back(seen):\n",
        "    if False:\n",
        "Flagger #1186: a rollback that the data did not allow",
    ),
    Bug(
        "a colour that fell over is selected",
        "deeds/candidate.py",
        "    if not view.ready or view.release != intent.release.id:\n"
        '        return Did(Event.FAILED, "the candidate lost',
        '    if False:\n        return Did(Event.FAILED, "the candidate lost',
        "Argo Rollouts #2641: traffic went to a set without ready pods",
        "meanwhile",
    ),
    Bug(
        "who comes late decides without looking",
        "deeds/watching.py",
        "    return max(intent.bake.seconds - seen.baked, min(EVIDENCE, intent.bake.seconds))\n",
        "    return max(intent.bake.seconds - seen.baked, 0.0)\n",
        "Keptn: an evaluation without a single sample decided",
        "late",
    ),
    Bug(
        "who was ousted waits for ever",
        "deeds/watching.py",
        "        if did := _carried_on(seen, intent, Phase.BAKING) or _wish(seen):\n",
        "        if did := _wish(seen):\n",
        "Spinnaker #5952: executions that never end",
        "races",
    ),
    Bug(
        "a deploy that was taken back says 0",
        "bluegreen.py",
        "        pleased = wanted is None or wanted.goal is Goal.ROLLBACK\n",
        "        pleased = True\n",
        "Spinnaker #7921: failed executions shown as succeeded",
    ),
    Bug(
        "nobody retires what a dead process left",
        "bluegreen.py",
        "    if _outstays(seen):\n        return State.RETIRING\n",
        "",
        "docker-rollout: twice the containers after a kill",
        "crashes",
    ),
)
