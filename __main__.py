"""The Pulumi program, as `pulumi up` starts it: `infrastructure/`, from the folder that has `.venv`."""

import runpy
from pathlib import Path

runpy.run_path(str(Path(__file__).with_name("infrastructure") / "__main__.py"), run_name="__main__")
