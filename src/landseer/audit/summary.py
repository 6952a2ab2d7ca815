"""The audit in a few figures: how many samples there are, how many are left out and why, findings by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import geopandas as gpd

from landseer.samples.findings import EXCLUDED, Finding, count_kinds
from landseer.samples.schema import is_missing


def summarise(
    frame: gpd.GeoDataFrame, faulty: Iterable[str], findings: Iterable[Finding]
) -> dict[str, Any]:
    """Sum up an audit.

    Args:
        frame: sample table after the audit.
        faulty: samples that were left out because their files are at fault, before rules and people had a say.
        findings: all findings, of listing and audit.

    Returns:
        Plain values: `samples`, `used`, `excluded`, of these `excluded_for_faults` and `excluded_by_choice` (by a rule
        or a person); `faults`: what was wrong with the former -> findings, most frequent first; `findings`, and
        `kinds`: a list with what, found, samples, excluded, kept, other.
    """
    listed = list(findings)
    gone = set(frame["sample"][~frame["excluded"].map(is_missing).astype(bool)])
    at_fault = gone & set(faulty)
    faults = Counter(
        one.what for one in listed if one.sample in at_fault and one.action == EXCLUDED
    )
    kinds = count_kinds(listed).to_dict("records")
    return {
        "samples": len(frame),
        "used": len(frame) - len(gone),
        "excluded": len(gone),
        "excluded_for_faults": len(at_fault),
        "excluded_by_choice": len(gone) - len(at_fault),
        "faults": dict(sorted(faults.items(), key=lambda item: (-item[1], item[0]))),
        "findings": len(listed),
        "kinds": [
            {key: value if key == "what" else int(value) for key, value in kind.items()}
            for kind in kinds
        ],
    }
