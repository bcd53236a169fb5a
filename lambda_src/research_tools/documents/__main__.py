"""Builds the index of a folder into the folder: `python -m research_tools.documents FOLDER`, as the bundler does."""

import sys
from pathlib import Path

from research_tools.documents.folder import ship_index
from research_tools.reading import NotUsable

if __name__ == "__main__":
    try:
        ship_index(Path(sys.argv[1]))
    except NotUsable as refused:
        sys.exit(str(refused))
