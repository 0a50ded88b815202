"""News of the bench: every listener hears it, and one that sleeps slows nobody."""

from __future__ import annotations

from edge.events import Events, News


def test_every_listener_hears_the_news_while_it_listens() -> None:
    events = Events()
    news = News(1, "assessed", "i", "1")
    events.tell(news)
    with events.listen() as one, events.listen() as two:
        events.tell(news)
        assert (one.get_nowait(), two.get_nowait()) == (news, news)
    assert one.empty()


def test_a_listener_that_falls_behind_loses_the_oldest_news() -> None:
    events = Events()
    with events.listen() as mine:
        for sequence in range(300):
            events.tell(News(sequence, "assessed", "i", "1"))
        heard = [mine.get_nowait().sequence for _ in range(mine.qsize())]
    assert heard == list(range(300 - len(heard), 300))
    assert len(heard) == 256
