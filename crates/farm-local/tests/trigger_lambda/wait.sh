#!/bin/sh
# A task for tests: it runs until the file that GO names is there.
while [ ! -e "$GO" ]; do sleep 0.05; done
