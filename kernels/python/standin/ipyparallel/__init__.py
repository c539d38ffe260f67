# SPDX-License-Identifier: BSD-3-Clause
# The part of ipyparallel that runs on engines: the names that clients' pickles and functions refer
# to, with ipkit's own code behind them. The kernel has it under a name of its own; where the
# package is missing it also stands in for it. It connects to nothing.
from . import error, serialize, util  # noqa: F401
from .controller.dependency import Dependency, depend, dependent, require  # noqa: F401
from .error import *  # noqa: F401,F403
from .serialize import *  # noqa: F401,F403
from .util import interactive  # noqa: F401

__ipkit__ = True
version_info = (9, 0, 0)
__version__ = '9.0.0+ipkit'


def __getattr__(name):
    raise AttributeError("ipyparallel.%s: not on this engine, which has ipkit's stand-in only; "
                         'install ipyparallel for its python' % name)
