"""Ends with CODE (1) after AFTER (0) seconds, with a line on stdout and one on stderr."""

import os
import sys
import time

print("about to fail", flush=True)
time.sleep(float(os.environ.get("AFTER", 0)))
print("reason: it was told to", file=sys.stderr, flush=True)
sys.exit(int(os.environ.get("CODE", 1)))
