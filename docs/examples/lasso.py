#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""lasso.py [PENALTY]: what the script lasso does, from ipyparallel's client: functions that are
written here and run on the engines, which keep the rows."""
import json
import sys

import ipyparallel
import numpy

client = ipyparallel.Client()
view = client[:]
penalty = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
features, rho = 20, 50


@view.remote(block=True)
def prepare(features, rho):
    global A, b, u, x, inverse
    import numpy
    draw = numpy.random.default_rng(int(id))
    A = draw.standard_normal((60, features))
    b = A[:, :5] @ [3, -2, 1.5, 4, -1] + 0.1 * draw.standard_normal(60)
    u = x = numpy.zeros(features)
    inverse = numpy.linalg.inv(A.T @ A + rho * numpy.eye(features))


@view.remote(block=True)
def step(z, rho):
    global u, x
    u = u + x - z
    x = inverse @ (A.T @ b + rho * (z - u))
    return x + u


view.scatter('id', client.ids, flatten=True, block=True)
prepare(features, rho)
z = numpy.zeros(features)
for rounds in range(1, 501):
    w = numpy.mean(step(z, rho), axis=0)
    last, z = z, numpy.sign(w) * numpy.maximum(abs(w) - penalty / rho / len(view), 0)
    if numpy.sum((z - last) ** 2) <= 1e-12:
        break
print(json.dumps([float('%.12g' % v) + 0 for v in z]))
print(rounds, 'rounds on', len(view), 'engines', file=sys.stderr)
