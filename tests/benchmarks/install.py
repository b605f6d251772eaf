"""Fill a virtual environment with the benchmark's own packages, on top of the project's.

    python tests/benchmarks/install.py .venv-bench

transformer-ranker and pytest-benchmark stay out of the project's environment; torch and the rest are seen through it.
"""

import subprocess
import sys
import sysconfig
from pathlib import Path

PACKAGES = ["transformer-ranker==0.2.0", "pytest-benchmark==5.3.1"]

environment = Path(sys.argv[1])
python = environment / "bin" / "python"
site = subprocess.run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], capture_output=True,
                      text=True, check=True).stdout.strip()
Path(site, "project.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", "--quiet", *PACKAGES], check=True)
