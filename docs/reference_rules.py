"""Sphinx extension: docstrings of constants and properties, order of members, threads and blocking, links to names.

`RULES` is the one place for the latter. Each entry of the reference ends with its rule, and the directive
``thread-table`` makes the table of all of them.
"""

from __future__ import annotations

import inspect
import re
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.ext.napoleon import Config, GoogleDocstring
from sphinx.pycode import ModuleAnalyzer

import pyglet_palace
from pyglet_palace import attributes, decoder, device, effect, formats, resources
from pyglet_palace._context import acoustics
from pyglet_palace._openal.properties import Property

if TYPE_CHECKING:
    from sphinx.application import Sphinx

CONTEXT = "that of the context"
ANY = "any"
NEVER = "never"


#: A name of the package at the start of a piece of code, and its member.
_NAME = re.compile(r"(?:palace\.)?([A-Za-z_]\w*)(?:\.([a-z_]\w*))?")
#: Variables of the pages, and the classes of their values.
_VARIABLES = {"batch": "Batch", "buffer": "Buffer", "context": "Context", "group": "SourceGroup", "source": "Source"}


class Rule(NamedTuple):
    """Which thread may use some names, and whether they block.

    A class stands for all its members that have no rule of their own.
    """

    names: str
    thread: str
    blocks: str


RULES = [
    Rule("cache preload free", ANY, NEVER),
    Rule("play Buffer.play Source.play BaseDecoder.play", CONTEXT, NEVER),
    Rule("Buffer", CONTEXT, "`Buffer(name)` while the sound loads; all else never"),
    Rule("Buffer.from_decoder", CONTEXT, "while the decoder is read"),
    Rule("Buffer.from_samples", CONTEXT, "while the samples are copied"),
    Rule("Batch", CONTEXT, NEVER),
    Rule("Batch.names Batch.total Batch.done Batch.finished Batch.failed Batch.ok", ANY, NEVER),
    Rule("Batch.wait", CONTEXT, "until all names are loaded, or for `timeout` seconds"),
    Rule("init", CONTEXT, "for about 0.2 s, while libraries are imported and the device is opened"),
    Rule("Context", CONTEXT, "`Context()` for about 0.15 s, the first time; all else never"),
    Rule("Context.update", CONTEXT, "for about 0.3 ms, and as long as your handlers"),
    Rule("Context.destroy", CONTEXT, "for threads, 0.1 s at most"),
    Rule("shutdown", "any: it ends the contexts of this thread", "as `Context.destroy`"),
    Rule("init_on current_context use_context thread_local", ANY, NEVER),
    Rule("Source SourceGroup Listener crossfade", CONTEXT, NEVER),
    Rule("SoundStage perceptual_gain", ANY, NEVER),
    Rule("decode Decoder", "one thread at a time", "while the file is opened or decoded"),
    Rule("BaseDecoder", "one thread at a time: yours, or the one that loads or streams it", "as long as your methods"),
    Rule("FileIO", "one thread at a time: the one that loads or streams it", "as long as your methods"),
    Rule("use_fileio current_fileio resources_in", ANY, NEVER),
    Rule("sample_length sample_size query_extension", ANY, NEVER),
    Rule("Device", CONTEXT, "while the system opens, resets or closes the device; all else never"),
    Rule("LoopbackDevice", CONTEXT, "`render` while it mixes and decodes; all else never"),
    Rule("MessageHandler", "called on that of the context", "the game, as long as your methods"),
    Rule("MessageHandler.buffer_loading", "called on the thread that loads the sound", "that load only"),
    Rule("MessageHandler.resource_not_found", "called on the thread that looks the name up", "that load only"),
    Rule(
        "BaseEffect AutowahEffect ChorusEffect CompressorEffect DistortionEffect EchoEffect EqualizerEffect "
        "FlangerEffect FrequencyShifterEffect PitchShifterEffect ReverbEffect RingModulatorEffect",
        CONTEXT,
        NEVER,
    ),
    Rule(
        "PalaceError BatchFailed BufferTooLarge DecodeError DestroyedError DeviceError LoadCancelled OpenALError "
        "OpenALNotFound ResourceError ResourceNotFound ResourceUnreadable UnsupportedFormat",
        "raised on the thread of the call",
        NEVER,
    ),
]  # fmt: skip

#: The rule of each name, such as 'play' or 'Batch.wait'.
RULE_OF = {name: rule for rule in RULES for name in rule.names.split()}

#: Modules with constants whose comments are their docstrings.
_WITH_CONSTANTS = [acoustics, attributes, decoder, device, effect._presets, formats, resources]


@cache
def constant_docs() -> dict[str, list[str]]:
    """The comments (``#:``) of public constants, by name."""
    docs = {}
    for module in _WITH_CONSTANTS:
        for (owner, name), lines in ModuleAnalyzer.for_module(module.__name__).find_attr_docs().items():
            if not owner and getattr(pyglet_palace, name, None) is getattr(module, name, ...):
                docs[name] = lines
    return docs


def complete(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Complete the docstring of an entry, and convert its sections, in place.

    Napoleon is used as a function. As an extension, it takes what is above a colon in the docstring of a property for a
    type.
    """
    short = name.removeprefix("pyglet_palace.")
    if what == "data":
        lines[:] = constant_docs().get(short, [])
        if isinstance(thing, tuple):
            lines += ["", ", ".join(f"``{value!r}``" for value in thing)]
    elif isinstance(thing, Property):
        lines[:] = inspect.cleandoc(thing.__doc__ or "").splitlines()
    kind = "method" if what in ("attribute", "data", "property") else what
    lines[:] = GoogleDocstring(lines, Config(napoleon_use_rtype=False), app, kind, name, thing, options).lines()
    rule = RULE_OF.get(short)
    if rule is not None:
        lines += ["", ".. rst-class:: rule", "", f"**Thread:** {rule.thread}. **Blocks:** {rule.blocks}.", ""]


def order_inherited(app: Sphinx) -> None:
    """List the inherited members of a class after its own, in the order of the code. Sphinx sorts them by name."""
    for kind in (pyglet_palace.Context, pyglet_palace.Source):
        order = _tag_order(kind)
        for base in kind.__mro__[1:]:
            if base.__module__.startswith("pyglet_palace."):
                tags = sorted(_tag_order(base).items(), key=itemgetter(1))
                members = [tag.partition(".")[2] for tag, _ in tags if tag.startswith(f"{base.__name__}.")]
                for place, member in enumerate(members, 1 + max(order.values())):
                    order.setdefault(f"{kind.__name__}.{member}", place)


def _tag_order(kind: type) -> dict[str, int]:
    """Return the places of the definitions in the module of a class. Sphinx keeps the dictionary, and sorts by it."""
    analyzer = ModuleAnalyzer.for_module(kind.__module__)
    analyzer.analyze()
    return analyzer.tagorder


class ThreadTable(Directive):
    """The table of `RULES`."""

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 50 25 25", ""]
        lines += ["   * - names", "     - thread", "     - blocks"]
        for rule in RULES:
            lines += [f"   * - {', '.join(f':py:obj:`~pyglet_palace.{name}`' for name in rule.names.split())}"]
            lines += [f"     - {rule.thread}", f"     - {rule.blocks}"]
        box = nodes.container()
        self.state.nested_parse(StringList(lines), self.content_offset, box)
        return box.children


def link_names(app: Sphinx, doctree: nodes.document) -> None:
    """Link the code in the sentences of a page, such as `Batch.wait()` or `source.gain = 1`, to the reference.

    Not on the page about palace, whose tables have members without their class.
    """
    if app.env.docname == "coming-from/palace":
        return
    for literal in list(doctree.findall(nodes.literal)):
        match = _NAME.match(literal.astext())
        if match is None or isinstance(literal.parent, (nodes.reference, addnodes.pending_xref)):
            continue
        owner, member = match.groups()
        if owner in _VARIABLES and member:
            name = f"{_VARIABLES[owner]}.{member}"
        elif owner in pyglet_palace.__all__:
            name = f"{owner}.{member}" if member else owner
        else:
            continue
        target = f"pyglet_palace.{name}"
        link = addnodes.pending_xref("", refdomain="py", reftype="obj", reftarget=target, refexplicit=True)
        literal.replace_self(link)
        link += literal


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension."""
    app.connect("builder-inited", order_inherited)
    app.connect("autodoc-process-docstring", complete)
    app.connect("doctree-read", link_names)
    app.add_directive("thread-table", ThreadTable)
    return {"parallel_read_safe": True}
