#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""terminal-svg.py CAPTURE - a picture (SVG) of what 'tmux capture-pane -e' gave

The lab keeps such captures of 'vcpu-info top' in its logs (top-80x24.txt); that
of docs/top.svg is docs/top-120x40.txt, of which empty lines are left out. In
docs/top-80x24.txt, which is read as it is, are no control sequences.
"""
import re
import sys
from xml.sax.saxutils import escape

WIDTH, HEIGHT, MARGIN = 8, 18, 12
FOREGROUND, BACKGROUND = "#d8d8d8", "#1c1c1c"


def cells(line):
    """Return (text, reversed) for each run of characters of a line."""
    runs, rev = [], False
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        codes = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
        if codes:
            for code in codes[1].split(";"):
                rev = code == "7" or (rev and code not in ("", "0", "27"))
        elif part:
            # tmux has other control sequences for its charsets
            runs.append((re.sub(r"[\x00-\x1f]|\x1b.", "", part), rev))
    return runs


def squeeze(lines):
    """Leave out all but one of empty lines in a row."""
    return [line for number, line in enumerate(lines)
            if line.strip() or (number and lines[number - 1].strip())]


def draw(lines, columns):
    """Yield the elements."""
    for row, line in enumerate(lines):
        top, column = MARGIN + row * HEIGHT, 0
        runs = cells(line)
        if runs and runs[-1][1]:
            # tmux leaves out blanks at the end
            rest = columns - sum(len(text) for text, _ in runs)
            runs.append((" " * rest, True))
        for text, rev in runs:
            left, wide = MARGIN + column * WIDTH, len(text) * WIDTH
            column += len(text)
            if rev:
                yield (f'<rect x="{left}" y="{top}" width="{wide}" '
                       f'height="{HEIGHT}" fill="{FOREGROUND}"/>')
            fill = BACKGROUND if rev else FOREGROUND
            for word in re.finditer(r"\S+", text):
                yield (f'<text x="{left + word.start() * WIDTH}" '
                       f'y="{top + 13}" fill="{fill}" '
                       f'textLength="{len(word[0]) * WIDTH}">'
                       f"{escape(word[0])}</text>")


def main():
    """Print the picture."""
    with open(sys.argv[1], encoding="ascii") as file:
        lines = squeeze(file.read().splitlines())
    columns = max(sum(len(text) for text, _ in cells(line)) for line in lines)
    wide = columns * WIDTH + 2 * MARGIN
    high = len(lines) * HEIGHT + 2 * MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" '
          f'height="{high}" viewBox="0 0 {wide} {high}">')
    print("<!-- SPDX-License-Identifier: GPL-2.0 -->")
    print(f'<rect width="{wide}" height="{high}" rx="6" '
          f'fill="{BACKGROUND}"/>')
    print('<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" '
          'font-size="13">')
    for element in draw(lines, columns):
        print(element)
    print("</g>\n</svg>")


main()
