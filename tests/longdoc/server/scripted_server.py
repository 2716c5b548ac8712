"""A server with a scripted chat model: `python scripted_server.py FOLDER LOG` writes a line to LOG for each call."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from langchain_core.messages import BaseMessage

from longdoc.server.app import serve
from longdoc.server.settings import ServerSettings
from longdoc.testing import ScriptedChatModel


def main(folder: str, log: str) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def reply(messages: list[BaseMessage]) -> str:
        os.write(descriptor, b"call\n")
        return "The part is about a number."

    serve(ServerSettings(Path(folder), port=0), ScriptedChatModel(replies=reply))


if __name__ == "__main__":
    main(*sys.argv[1:])
