# SPDX-License-Identifier: BSD-3-Clause
# sitecustomize.py: first on PYTHONPATH it makes any python a bare one, without packages.
import sys

sys.path[:] = [entry for entry in sys.path if not entry.endswith('-packages')]
