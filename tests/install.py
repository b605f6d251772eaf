"""Fill a virtual environment with packages of its own, on top of the project's.

    python tests/install.py .venv-bench transformer-ranker==0.2.0 pytest-benchmark==5.3.1

They stay out of the project's environment; torch and the rest are seen through it.
"""

import subprocess
import sys
import sysconfig
from pathlib import Path

environment, packages = Path(sys.argv[1]), sys.argv[2:]
python = environment / "bin" / "python"
site = subprocess.run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
                      capture_output=True, text=True, check=True).stdout.strip()
project = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
Path(site, "project.pth").write_text(project, encoding="utf-8")
subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", "--quiet", *packages],
               check=True)
