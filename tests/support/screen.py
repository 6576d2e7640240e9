#!/usr/bin/env python3
"""screen.py - runs a command in a terminal of its own, and shows what stood
on the screen.

    screen.py COLUMNS LINES SECONDS COMMAND...

Every SECONDS a line of "=" and the screen, as a person would have seen it,
then "= end" and everything that was ever written, scrollback included. Knows
the few sequences that the live tree uses; any other is an error, so that one
that slips in from a log line is found. The exit status is the command's.
"""
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
import unicodedata



SEQUENCE = re.compile(r"\x1b\[(\d*)([A-Za-z])")


def width(character):
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Screen:
    def __init__(self, columns, lines):
        self.columns, self.lines = columns, lines
        self.text, self.row, self.column = [""], 0, 0
        self.rest = ""

    def top(self):
        return max(0, len(self.text) - self.lines)

    def newline(self):
        self.row += 1
        self.column = 0
        if self.row == len(self.text):
            self.text.append("")

    def put(self, character):
        if self.column + width(character) > self.columns:
            self.newline()
        line = self.text[self.row].ljust(self.column)
        self.text[self.row] = (line[:self.column] + character +
                               line[self.column + 1:])
        self.column += 1

    def sequence(self, number, letter):
        if letter == "A":
            self.row = max(self.top(), self.row - int(number or 1))
        elif letter == "J" and number == "":
            del self.text[self.row + 1:]
            self.text[self.row] = self.text[self.row][:self.column]
        elif letter == "K" and number == "":
            self.text[self.row] = self.text[self.row][:self.column]
        elif letter != "m":
            sys.exit("unknown sequence: ESC [ %s %s" % (number, letter))

    def feed(self, text):
        text = self.rest + text
        self.rest = ""
        at = 0
        while at < len(text):
            character = text[at]
            if character == "\x1b":
                found = SEQUENCE.match(text, at)
                if not found:
                    if len(text) - at > 10:
                        sys.exit("no sequence: %r" % text[at:at + 10])
                    self.rest = text[at:]
                    return
                self.sequence(found.group(1), found.group(2))
                at = found.end()
                continue
            if character == "\n":
                self.newline()
            elif character == "\r":
                self.column = 0
            else:
                self.put(character)
            at += 1

    def show(self, first):
        for line in self.text[first:]:
            print(line.rstrip())


def child(command, slave):
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in range(3):
        os.dup2(slave, fd)
    os.close(slave)
    os.environ["TERM"] = "xterm"
    os.execvp(command[0], command)


def main():
    columns, lines = int(sys.argv[1]), int(sys.argv[2])
    every, command = float(sys.argv[3]), sys.argv[4:]
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ,
                struct.pack("HHHH", lines, columns, 0, 0))
    pid = os.fork()
    if pid == 0:
        os.close(master)
        child(command, slave)
    os.close(slave)
    screen, due = Screen(columns, lines), time.monotonic() + every
    pending = b""
    while True:
        ready, _, _ = select.select([master], [], [],
                                    max(0, due - time.monotonic()))
        if not ready:
            print("=" * columns)
            screen.show(screen.top())
            due += every
            continue
        try:
            data = os.read(master, 65536)
        except OSError: # the other side is closed
            data = b""
        if not data:
            break
        pending += data
        text = pending.decode("utf-8", "ignore")
        pending = pending[len(text.encode("utf-8")):]
        screen.feed(text)
    print("= end")
    screen.show(0)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


main()
