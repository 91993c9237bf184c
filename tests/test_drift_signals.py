"""What drift says of pictures that a bundle really answered."""

from pathlib import Path

import numpy as np
import pytest

from canting.bundle.classifier import Classifier
from canting.serving.drift.limits import USUAL
from canting.serving.drift.signals import Signal, signals
from canting.serving.drift.verdict import SignalState, Verdict, findings, needed, verdict
from canting.serving.drift.window import Window
from tests import drift_made as made
from tests.service_fixtures import LABELS, bundle

__all__ = ["bundle"]

KNOWN, SEEN, TRIALS = 180, 120, 120


@pytest.fixture(scope="module")
def classifier(bundle: Path) -> Classifier:
    loaded = Classifier.load(bundle)
    return loaded._replace(card=loaded.card.model_copy(update={"temperature": made.TEMPERATURE}))


@pytest.fixture(scope="module")
def pool(classifier: Classifier) -> list[made.Answered]:
    return made.answered(classifier, made.drawn(900, 0))


def judged(known: list[made.Answered], seen: Window) -> tuple[Verdict, dict[str, SignalState]]:
    found = findings(list(signals(seen, made.referred(known), USUAL)), USUAL)
    return verdict(found), {one.signal.name: one.state for one in found}


def shifted(
    classifier: Classifier, count: int, **changes: tuple[float, ...]
) -> list[made.Answered]:
    return made.answered(classifier, made.drawn(count, 1, **changes))  # type: ignore[arg-type]


@pytest.mark.slow
def test_pictures_of_the_same_kind_raise_no_more_false_alarms_than_stated(
    pool: list[made.Answered],
) -> None:
    generator, significant, raised = np.random.default_rng(0), 0, 0
    for _ in range(TRIALS):
        order = generator.permutation(len(pool))
        known, seen = ([pool[at] for at in part] for part in np.split(order[:300], [KNOWN]))
        wrong = generator.random(SEEN) < 0.02
        said = [
            LABELS[0] if one else answer.label for one, (_, answer) in zip(wrong, seen, strict=True)
        ]
        found = findings(list(signals(made.window(seen, said), made.referred(known), USUAL)), USUAL)
        significant += any(one.p_value is not None and one.p_value <= USUAL.alpha for one in found)
        raised += verdict(found) in (Verdict.RETRAIN, Verdict.WATCH)
    most = USUAL.alpha + 2.33 * (USUAL.alpha * (1 - USUAL.alpha) / TRIALS) ** 0.5
    assert significant / TRIALS <= most
    assert raised / TRIALS <= USUAL.alpha


def test_the_same_kind_in_plenty_has_not_changed(pool: list[made.Answered]) -> None:
    word, states = judged(pool[:400], made.window(pool[400:]))
    assert word is Verdict.NOTHING
    assert set(states.values()) == {SignalState.SAME}
    assert set(states) == {"unlikeness", "abstentions", "confidence", "class mix"}


def test_muddy_pictures_are_named(classifier: Classifier, pool: list[made.Answered]) -> None:
    word, states = judged(pool[:KNOWN], made.window(shifted(classifier, 100, pure=made.MUDDY)))
    assert word is Verdict.RETRAIN
    assert states["unlikeness"] is states["abstentions"] is SignalState.CHANGED
    assert states["class mix"] is not SignalState.CHANGED


def test_less_sure_answers_are_named(classifier: Classifier, pool: list[made.Answered]) -> None:
    seen = shifted(classifier, 150, pure=(0.811, 0.86))
    word, states = judged(pool[:KNOWN], made.window(seen))
    assert word is Verdict.RETRAIN
    assert states["confidence"] is SignalState.CHANGED
    assert states["abstentions"] is not SignalState.CHANGED


def test_another_mix_alone_is_to_be_watched(
    classifier: Classifier, pool: list[made.Answered]
) -> None:
    seen = shifted(classifier, 150, mix=(0.8, 0.1, 0.1))
    word, states = judged(pool[:KNOWN], made.window(seen))
    assert word is Verdict.WATCH
    assert {name for name, state in states.items() if state is SignalState.CHANGED} == {"class mix"}


def test_strangers_are_named_and_too_few_answers_are_not_judged(
    classifier: Classifier, pool: list[made.Answered]
) -> None:
    seen = [*shifted(classifier, 60, pure=(0.36, 0.5)), *pool[-20:]]
    word, states = judged(pool[:KNOWN], made.window(seen))
    assert word is Verdict.RETRAIN
    assert states["unlikeness"] is states["abstentions"] is SignalState.CHANGED
    assert states["confidence"] is states["class mix"] is SignalState.FEW


def test_corrections_are_named_and_confirmations_are_not(pool: list[made.Answered]) -> None:
    known, seen = pool[:KNOWN], [one for one in pool[KNOWN:] if not one[1].abstained][:150]
    right: list[str | None] = [answer.label for _, answer in seen]
    assert judged(known, made.window(seen, right))[1]["accuracy"] is SignalState.SAME
    wrong = [*right[:120], *["truntum"] * 30]
    word, states = judged(known, made.window(seen, wrong))
    assert (word, states["accuracy"]) == (Verdict.RETRAIN, SignalState.CHANGED)
    assert {state for name, state in states.items() if name != "accuracy"} == {SignalState.SAME}
    (told,) = [
        one
        for one in signals(made.window(seen, wrong), made.referred(known), USUAL)
        if one.name == "accuracy"
    ]
    assert told.now == 0.8
    assert "corrected 30" in told.detail
    assert "(95% interval 72.9% to 85.6%)" in told.detail


def test_too_few_pictures_are_said_to_be_and_how_many_it_takes(pool: list[made.Answered]) -> None:
    known = made.referred(pool[:KNOWN])
    for count in (0, 5, 40):
        found = findings(list(signals(made.window(pool[300 : 300 + count]), known, USUAL)), USUAL)
        assert verdict(found) is Verdict.FEW
        many = needed(found, count, USUAL)
        assert many is not None
        assert (many == USUAL.least) if count == 0 else (85 < many < 250)
    seen = made.window(pool[-250:])
    assert verdict(findings(list(signals(seen, known, USUAL)), USUAL)) is Verdict.NOTHING


def test_no_fewer_are_asked_for_than_are_judged(pool: list[made.Answered]) -> None:
    limits = USUAL._replace(least=300)
    for one in signals(made.window(pool[300:400]), made.referred(pool[:KNOWN]), limits):
        assert one.needed == 300


def test_few_training_pictures_can_tell_nothing(pool: list[made.Answered]) -> None:
    found = findings(
        list(signals(made.window(pool[300:]), made.referred(pool[200:240]), USUAL)), USUAL
    )
    assert verdict(found) is Verdict.FEW
    assert needed(found, 600, USUAL) is None


def test_a_visitor_with_a_handful_of_strangers_is_no_alarm(
    classifier: Classifier, pool: list[made.Answered]
) -> None:
    word, states = judged(pool[:KNOWN], made.window(shifted(classifier, 20, pure=(0.36, 0.5))))
    assert word is Verdict.FEW
    assert set(states.values()) == {SignalState.FEW}


def test_without_abstention_there_are_no_distances(pool: list[made.Answered]) -> None:
    known = made.referred(pool[:KNOWN]).model_copy(update={"distances": ()})
    names = [one.name for one in signals(made.window(pool[300:]), known, USUAL)]
    assert names == ["confidence", "class mix"]


def signal(**changes: object) -> Signal:
    usual = Signal("unlikeness", 0.5, 0.6, 0.15, 0.2, 1e-6, 500, 86, "")
    return usual._replace(**changes)  # type: ignore[arg-type]


def test_what_is_no_chance_must_also_be_large() -> None:
    (found,) = findings([signal()], USUAL)
    assert (found.state, verdict([found])) == (SignalState.SMALL, Verdict.WATCH)
    (found,) = findings([signal(effect=0.05)], USUAL)
    assert (found.state, verdict([found])) == (SignalState.SMALL, Verdict.NOTHING)
    (found,) = findings([signal(effect=0.2)], USUAL)
    assert (found.state, verdict([found])) == (SignalState.CHANGED, Verdict.RETRAIN)


def test_p_values_are_corrected_for_each_other() -> None:
    both = [signal(p_value=0.03, effect=0.3), signal(name="confidence", p_value=0.04, effect=0.3)]
    assert {one.state for one in findings(both, USUAL)} == {SignalState.SAME}
    assert findings(both[:1], USUAL)[0].state is SignalState.CHANGED
    few = both[1]._replace(pictures=10)
    found = findings([both[0], few], USUAL)
    assert [one.state for one in found] == [SignalState.CHANGED, SignalState.FEW]
    assert [one.p_value for one in found] == [0.03, None]
