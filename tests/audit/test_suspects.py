import pytest

from landseer.audit.suspects import SuspectRule, exclude_suspects
from landseer.errors import RecipeError
from landseer.samples.table import make_samples

RULE = SuspectRule(name="too much kelp", where="kelp_pixels_pct > 0.4 and almost_all_water == 0")


def table(**columns):
    n = len(next(iter(columns.values())))
    frame = make_samples(
        [
            {"sample": f"s{k}", "side": "train", "image": f"/{k}.tif", "height": 1, "width": 1}
            for k in range(n)
        ]
    )
    return frame.assign(**columns).astype({"almost_all_water": "boolean"})


def test_samples_that_a_rule_catches_are_set_aside_and_reported():
    frame = table(
        kelp_pixels_pct=[0.1, 0.9, 0.9, float("nan")], almost_all_water=[False, False, True, None]
    )
    marked, findings = exclude_suspects(frame, [RULE])
    assert marked["excluded"].tolist() == [None, "too much kelp", None, None]
    (finding,) = findings
    assert (finding.sample, finding.action) == ("s1", "excluded")
    assert finding.figure == "almost_all_water 0, kelp_pixels_pct 0.9"
    assert frame["excluded"].isna().all()


def test_the_first_reason_stays():
    frame = table(kelp_pixels_pct=[0.9, 0.9], almost_all_water=[False, False])
    frame.loc[0, "excluded"] = "unreadable"
    marked, findings = exclude_suspects(
        frame, [RULE, SuspectRule(name="later", where="kelp_pixels_pct > 0")]
    )
    assert marked["excluded"].tolist() == ["unreadable", "too much kelp"]
    assert len(findings) == 1


@pytest.mark.parametrize("where", ["kelp_share > 1", "kelp_pixels_pct + 1", "sample > 1"])
def test_rules_that_make_no_sense_are_refused(where):
    frame = table(kelp_pixels_pct=[0.9], almost_all_water=[False])
    with pytest.raises(RecipeError, match="condition over quality columns") as caught:
        exclude_suspects(frame, [SuspectRule(name="r", where=where)])
    assert "kelp_pixels_pct" in str(caught.value)


def test_no_rules_no_change():
    frame = table(kelp_pixels_pct=[0.9], almost_all_water=[False])
    assert exclude_suspects(frame, [])[0].equals(frame)
