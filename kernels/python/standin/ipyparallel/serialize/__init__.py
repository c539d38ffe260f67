# SPDX-License-Identifier: BSD-3-Clause
# Calls and values as the frames of ipyparallel's messages.
from .canning import (  # noqa: F401
    Reference, can, can_map, uncan, uncan_map, use_cloudpickle, use_dill, use_pickle)
from .serialize import (  # noqa: F401
    PrePickled, deserialize_object, pack_apply_message, serialize_object, unpack_apply_message)

__all__ = ['Reference', 'PrePickled', 'can', 'can_map', 'uncan', 'uncan_map', 'use_cloudpickle',
           'use_dill', 'use_pickle', 'deserialize_object', 'pack_apply_message',
           'serialize_object', 'unpack_apply_message']
