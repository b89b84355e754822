#!/usr/bin/python3
"""Writes, as C, on how many of its first digits depends what libphonenumber says of a number, for
each country (python3-phonenumbers has the library's data): make-number-plans.py OUT.c

The library decides by regular expressions over the national number, and by its length. Each
expression is made an automaton; the depth of a beginning is the number of digits after which,
however the number goes on, only its length matters. Before that the library takes off prefixes for
calls at home and abroad; those too are listed, as far as they are simple."""
import functools
import sys

import phonenumbers
from phonenumbers import PhoneMetadata

KINDS = ["fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number",
         "voip", "pager", "uan", "voicemail"]
LENGTH_MAX = 17
FIRST_DIGITS = 3
PREFIX_DIGITS = 3  # longer ones are told by their beginning, as not simple
ALL = frozenset("0123456789")


class Expression:
    """The little that the metadata uses: digits, \\d, classes, groups, |, ? and {n,m}."""

    def __init__(self, text):
        self.text = "".join(text.split())
        self.at = 0
        self.tree = self.choice()
        assert self.at == len(self.text), text

    def peek(self):
        return self.text[self.at:self.at + 1]

    def choice(self):
        options = [self.sequence()]
        while self.peek() == "|":
            self.at += 1
            options.append(self.sequence())
        return ("choice", options)

    def sequence(self):
        items = []
        while self.peek() not in ("", "|", ")"):
            items.append(self.repeated())
        return ("sequence", items)

    def repeated(self):
        item = self.atom()
        if self.peek() == "?":
            self.at += 1
            return ("repeat", item, 0, 1)
        if self.peek() == "{":
            end = self.text.index("}", self.at)
            low, _, high = self.text[self.at + 1:end].partition(",")
            self.at = end + 1
            return ("repeat", item, int(low), int(high or low))
        return item

    def atom(self):
        c = self.peek()
        self.at += 1
        if c == "(":
            plain = self.text.startswith("?:", self.at)
            self.at += 2 if plain else 0
            inner = self.choice()
            assert self.peek() == ")", self.text
            self.at += 1
            return inner if plain else ("capture", inner)
        if c == "[":
            end = self.text.index("]", self.at)
            body, digits = self.text[self.at:end], set()
            self.at = end + 1
            while body:
                if body[1:2] == "-":
                    digits |= {d for d in ALL if body[0] <= d <= body[2]}
                    body = body[3:]
                else:
                    digits.add(body[0])
                    body = body[1:]
            assert digits <= ALL, self.text
            return ("digit", frozenset(digits))
        if c == "\\":
            assert self.peek() == "d", self.text
            self.at += 1
            return ("digit", ALL)
        if c == "$":
            return ("end",)
        assert c in ALL, self.text
        return ("digit", frozenset(c))


# ---- automata ------------------------------------------------------------------------------------

def compile_into(tree, edges, start):
    """Adds states to edges (a list of (digits or None, target) lists); returns the last."""
    def new():
        edges.append([])
        return len(edges) - 1

    kind = tree[0]
    if kind == "digit":
        end = new()
        edges[start].append((tree[1], end))
        return end
    if kind == "sequence":
        for item in tree[1]:
            start = compile_into(item, edges, start)
        return start
    if kind == "capture":
        return compile_into(tree[1], edges, start)
    end = new()
    if kind == "choice":
        for option in tree[1]:
            edges[compile_into(option, edges, start)].append((None, end))
    else:
        assert kind == "repeat", tree
        for i in range(tree[3]):
            if i >= tree[2]:
                edges[start].append((None, end))
            start = compile_into(tree[1], edges, start)
        edges[start].append((None, end))
    return end


class Automaton:
    def __init__(self, pattern):
        self.edges = [[]]
        self.final = compile_into(Expression(pattern).tree, self.edges, 0)

    def closure(self, states):
        todo, seen = list(states), set(states)
        while todo:
            for digits, target in self.edges[todo.pop()]:
                if digits is None and target not in seen:
                    seen.add(target)
                    todo.append(target)
        return frozenset(seen)

    def step(self, states, digit):
        return self.closure({target for s in states for digits, target in self.edges[s]
                             if digits is not None and digit in digits})


def depths(patterns):
    """For each first three digits: after how many only the length matters to all the patterns."""
    automata = [Automaton(p) for p in patterns]

    @functools.lru_cache(maxsize=None)
    def step(state, digit):
        return tuple(a.step(s, digit) for a, s in zip(automata, state))

    @functools.lru_cache(maxsize=None)
    def by_length(state, left):
        """What holds for each length up to left, or None when it hangs on the digits, too."""
        whole = tuple(a.final in s for a, s in zip(automata, state))
        if left == 0:
            return (whole,)
        ways = {by_length(step(state, d), left - 1) for d in ALL}
        return None if None in ways or len(ways) > 1 else (whole, *ways.pop())

    @functools.lru_cache(maxsize=None)
    def missing(state, left):
        """Digits that are needed beyond this state."""
        if by_length(state, left) is not None:
            return 0
        return 1 + max(missing(step(state, d), left - 1) for d in ALL)

    found = []
    for first in range(10 ** FIRST_DIGITS):
        state = tuple(a.closure({0}) for a in automata)
        for digit in f"{first:0{FIRST_DIGITS}}":
            state = step(state, digit)
        found.append(FIRST_DIGITS + missing(state, LENGTH_MAX - FIRST_DIGITS))
    return found


# ---- prefixes ------------------------------------------------------------------------------------

def beginnings(tree):
    """What a text that matches begins with: (digits, whole, captured), cut after PREFIX_DIGITS."""
    kind = tree[0]
    if kind == "digit":
        return {(d, True, False) for d in tree[1]}
    if kind == "end":
        return {("", False, False)}
    if kind == "capture":
        return {(text, False, True) for text, _, _ in beginnings(tree[1])}
    if kind == "choice":
        return {b for option in tree[1] for b in beginnings(option)}
    if kind == "repeat":
        found = {("", True, False)} if tree[2] == 0 else set()
        most = PREFIX_DIGITS + 1  # more are cut
        for n in range(min(max(tree[2], 1), most), min(tree[3], most) + 1):
            found |= beginnings(("sequence", [tree[1]] * n))
        return found
    found = {("", True, False)}
    for item in tree[1]:
        longer = beginnings(item)
        found = {((text + more)[:PREFIX_DIGITS],
                  whole and full and len(text + more) <= PREFIX_DIGITS, captured or also)
                 for text, whole, captured in found for more, full, also in longer}
    return found


def national_prefixes(metadata):
    """{digits: how many of them fall away}; 0: not simple, the library must be asked."""
    pattern = metadata.national_prefix_for_parsing
    found = {}

    if not pattern:
        return found
    for text, whole, captured in beginnings(Expression(pattern).tree):
        if text: # else nothing falls away
            simple = whole and not captured
            found[text] = min(found.get(text, PREFIX_DIGITS), len(text) if simple else 0)
    return found


def abroad_prefixes(metadata):
    """Beginnings of prefixes for calls abroad, but for 00, which is read as + everywhere."""
    pattern = metadata.international_prefix

    if not pattern:
        return []
    found = {text for text, _, _ in beginnings(Expression(pattern).tree)}
    return sorted(t for t in found if not t.startswith("00")
                  and not any(t != o and t.startswith(o) for o in found))


# ---- all countries -------------------------------------------------------------------------------

def patterns_of(metadata):
    found = [metadata.general_desc.national_number_pattern]
    for kind in KINDS:
        desc = getattr(metadata, kind)
        if desc is not None and desc.national_number_pattern:
            found.append(desc.national_number_pattern)
    if metadata.leading_digits:  # decides on the region by the beginning alone
        found.append(f"(?:{metadata.leading_digits})\\d{{0,{LENGTH_MAX}}}")
    return found


def code_depths():
    """By country code: regions that share one are told apart by their patterns."""
    patterns = {}
    for region in phonenumbers.SUPPORTED_REGIONS:
        m = PhoneMetadata.metadata_for_region(region)
        patterns.setdefault(m.country_code, []).append(patterns_of(m))
    for code in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS:
        m = PhoneMetadata.metadata_for_nongeo_region(code)
        patterns.setdefault(code, []).append(patterns_of(m))
    return {code: [max(d) for d in zip(*(depths(tuple(p)) for p in lists))]
            for code, lists in sorted(patterns.items())}


def metadata_of_code(code):
    """The rules for a number with + and this code: those of its first region."""
    region = phonenumbers.region_code_for_country_code(code)
    return (PhoneMetadata.metadata_for_nongeo_region(code) if region == "001" else
            PhoneMetadata.metadata_for_region(region))


def write(out, code_depth):
    prefixes, abroad, runs, codes, regions = [], [], [], [], []

    def add(rows, new):
        rows.extend(new)
        return f"{len(rows) - len(new)}, {len(new)}"

    def prefixes_of(metadata):
        return add(prefixes, sorted(national_prefixes(metadata).items(),
                                    key=lambda p: (-len(p[0]), p[0])))

    for code, depth in code_depth.items():
        ends = [(i + 1, d) for i, d in enumerate(depth) if depth[i + 1:i + 2] != [d]]
        codes.append(f"    {{{code}, {add(runs, ends)}, {prefixes_of(metadata_of_code(code))}}},")
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        metadata = PhoneMetadata.metadata_for_region(region)
        regions.append(f'    {{"{region}", {metadata.country_code}, {prefixes_of(metadata)}, '
                       f"{add(abroad, abroad_prefixes(metadata))}}},")
    tables = [("struct number_run number_runs[]", [f"    {{{end}, {d}}}," for end, d in runs]),
              ("struct number_prefix number_prefixes[]",
               [f'    {{"{digits}", {falls}}},' for digits, falls in prefixes]),
              ("char number_abroad[][4]", [f'    "{digits}",' for digits in abroad]),
              ("struct number_code number_codes[]", codes),
              ("struct number_region number_regions[]", regions)]
    out.write('#include "phone/number_plan.h"\n')
    for name, rows in tables:
        out.write(f"\nconst {name} = {{\n" + "\n".join(rows) + "\n};\n")
    out.write(f"\nconst int number_code_count = {len(codes)};\n"
              f"const int number_region_count = {len(regions)};\n")


if __name__ == "__main__":
    with open(sys.argv[1], "w", encoding="ascii") as file:
        write(file, code_depths())
