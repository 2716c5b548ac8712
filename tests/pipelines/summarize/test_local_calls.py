"""A model on this machine makes one call at a time and takes what it takes, wherever it is asked from."""

from __future__ import annotations

from typing import ClassVar

import pytest

from longdoc.models.decoder.chat_model import WindowedChatModel
from longdoc.pipelines.calls.executor import FanOutOptions
from longdoc.pipelines.summarize.summarize import Settings
from longdoc.pipelines.summarizers.led import LedSummarizer
from longdoc.testing import ScriptedChatModel


class Here(ScriptedChatModel):
    is_local: ClassVar[bool] = True


def calls(settings: Settings) -> FanOutOptions:
    return settings.calls_of(settings.job("The harbour was built in 1843."))


def test_a_local_model_has_no_time_limit_and_one_call_at_a_time() -> None:
    local = calls(Settings(model=Here(replies=["."])))
    assert (local.timeout, local.max_concurrency) == (None, 1)
    assert WindowedChatModel.is_local
    assert (LedSummarizer.traits.local, LedSummarizer.traits.paid) == (True, False)


@pytest.mark.parametrize("model", [ScriptedChatModel(replies=["."]), "extractive"])
def test_others_have_both(model: ScriptedChatModel | str) -> None:
    assert calls(Settings(model=model)) == FanOutOptions()


def test_what_is_asked_for_holds() -> None:
    asked = FanOutOptions(max_concurrency=3, timeout=7)
    assert calls(Settings(model=Here(replies=["."]), options=asked)) == asked
