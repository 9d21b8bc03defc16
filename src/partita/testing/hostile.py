"""Small programs that try what a sandbox must refuse; the laws of the sandbox run them."""

TRY = """
import socket, sys
try:
    {action}
except OSError:
    print("refused")
else:
    print("done")
"""

# Actions for TRY.
CONNECT = "socket.create_connection(('127.0.0.1', int(sys.argv[1])), 2)"
CONNECT_ABSTRACT = "socket.socket(socket.AF_UNIX).connect(chr(0) + sys.argv[1])"
SEND_OUTSIDE = "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"
OWN_LOOPBACK = """
    server = socket.create_server(('localhost', 0))
    socket.create_connection(server.getsockname(), 2)
"""

# Each of these three prints every argument with which it succeeds.
CREATE_IN = """
import os, sys
for place in sys.argv[1:]:
    try:
        os.close(os.open(os.path.join(place, "made"), os.O_CREAT | os.O_WRONLY))
        print(place)
    except OSError:
        pass
"""

OPEN_TO_APPEND = """
import os, sys
for path in sys.argv[1:]:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND))
        print(path)
    except OSError:
        pass
"""

OPEN_TO_READ = """
import os, sys
for path in sys.argv[1:]:
    try:
        os.close(os.open(path, os.O_RDONLY))
        print(path)
    except OSError:
        pass
"""

# Every way to say "the root", in case another lies above or below it.
LIST_ROOTS = """
import os
for root in ("/", "/..", "/../..", "/proc/self/root", "/proc/self/root/..", "/proc/self/cwd/.."):
    print(*os.listdir(root))
"""

# Prints how many processes there were at the most, itself included.
FORK_MANY = """
import os, signal
started = 1
while started < 200:
    try:
        pid = os.fork()
    except OSError:
        break
    if not pid:
        signal.pause()
    started += 1
print(started)
"""

FORK_BOMB = """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""

# A grandchild leaves the session and closes its output. With "say" a file tells that it runs,
# with "stay" the program itself does not end either.
LEAVE_ONE_BEHIND = """
import os, sys, time
r, w = os.pipe()
if not os.fork():
    os.setsid()
    if not os.fork():
        for fd in (0, 1, 2):
            os.close(fd)
        os.write(w, b"x")
        while True:
            time.sleep(600)
    os._exit(0)
os.read(r, 1)
print("left", flush=True)
if "say" in sys.argv:
    open("started", "w").close()
while "stay" in sys.argv:
    time.sleep(600)
"""

MANY_FILES = """
for n in range(400):
    with open(str(n), "wb") as f:
        f.write(bytes(2**20))
"""

MANY_EMPTY_FILES = """
for n in range(20_000):
    open(str(n), "wb").close()
"""

ONE_FILE = """
with open("one", "wb") as f:
    while True:
        f.write(bytes(2**20))
"""

# Goes deeper than a path can name, and writes there.
DEEP = """
import os
for _ in range(60):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
"""

FILL = """
import sys
try:
    with open(sys.argv[1] + "/full", "wb") as f:
        for _ in range(800):
            f.write(bytes(2**20))
except OSError:
    print("full")
"""

# Each child holds little, all together hold much.
HOLD_TOGETHER = """
import os, signal, time
for _ in range(8):
    if not os.fork():
        held = os.urandom(1) * (128 * 2**20)
        time.sleep(600)
while True:
    if os.wait()[1]:
        os.kill(os.getpid(), signal.SIGKILL)
"""
