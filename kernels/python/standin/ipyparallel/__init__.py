# SPDX-License-Identifier: BSD-3-Clause
# ipyparallel's stand-in on an engine without the package: the names that clients' pickles and
# functions refer to, with ipkit's own code behind them. It connects to nothing.
from ipyparallel import error, serialize, util  # noqa: F401
from ipyparallel.controller.dependency import Dependency, depend, dependent, require  # noqa: F401
from ipyparallel.error import *  # noqa: F401,F403
from ipyparallel.serialize import *  # noqa: F401,F403
from ipyparallel.util import interactive  # noqa: F401

__ipkit__ = True
version_info = (9, 0, 0)
__version__ = '9.0.0+ipkit'


def __getattr__(name):
    raise AttributeError("ipyparallel.%s: not on this engine, which has ipkit's stand-in only; "
                         'install ipyparallel for its python' % name)
