# SPDX-License-Identifier: BSD-3-Clause
# `make html`: the manual pages as HTML, with an index; to read in a browser or to put on a server.

html:
	@scripts/html $(BUILD)/html

.PHONY: html
