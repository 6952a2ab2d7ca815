from landseer.audit.mosaic import Link, lay_out


def test_consistent_shifts_are_laid_out_without_contradiction():
    mosaic = lay_out(
        [Link("a", "b", 9, (10, 0)), Link("b", "c", 8, (0, 20)), Link("a", "c", 7, (11, 19))],
        tolerance_px=2,
    )
    assert mosaic.contradictions == ()
    assert (mosaic.height, mosaic.width) == (10, 20)
    assert mosaic.weakest == Link("b", "c", 8, (0, 20))


def test_the_weaker_of_contradicting_links_is_named():
    wrong = Link("a", "c", 7, (90, 20))
    mosaic = lay_out(
        [wrong, Link("a", "b", 9, (10, 0)), Link("b", "c", 8, (0, 20))], tolerance_px=2
    )
    assert mosaic.contradictions == (wrong,)


def test_parts_are_joined_wherever_they_meet():
    links = [
        Link("a", "b", 9, (5, 5)), Link("c", "d", 9, (1, 1)), Link("d", "b", 5, (0, 3)), Link("a", "d", 4, (5, 2)),
    ]  # fmt: skip
    mosaic = lay_out(links, tolerance_px=0)
    assert mosaic.contradictions == ()
    assert mosaic.weakest.score == 5


def test_no_links_no_mosaic():
    assert lay_out([], tolerance_px=1).weakest is None
