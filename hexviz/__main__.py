"""``python -m hexviz``."""

from hexviz.cli import main

if __name__ == "__main__":
    main()
