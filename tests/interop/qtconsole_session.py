# SPDX-License-Identifier: BSD-3-Clause
# qtconsole_session.py FILE: qtconsole's widget at an ipkernel; prints what stands in it.
import sys

from qtpy import QtCore, QtWidgets
from qtconsole.client import QtKernelClient
from qtconsole.rich_jupyter_widget import RichJupyterWidget

LIMIT = 60000  # ms
CODE = ['print("printed")', '6 * 7']

app = QtWidgets.QApplication([])
client = QtKernelClient(connection_file=sys.argv[1])
client.load_connection_file()
client.start_channels()
widget = RichJupyterWidget()
widget.kernel_client = client


def step():
    text = widget._control.toPlainText()
    done = sum(word in text for word in ('\nprinted', 'Out[2]: 42'))
    if done == len(CODE):
        app.quit()
    elif 'In [%d]' % (done + 1) in text and done not in step.sent:
        step.sent.add(done)
        widget.execute(CODE[done])


step.sent = set()
timer = QtCore.QTimer()
timer.timeout.connect(step)
timer.start(50)
QtCore.QTimer.singleShot(LIMIT, app.quit)
app.exec_()
print(widget._control.toPlainText())
client.stop_channels()
