"""Configuration of the site: ``sphinx-build -W docs build/site``. It needs no network, and no sound card."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ["ALSOFT_DRIVERS"] = "null"  # the reference shows the names of devices
sys.path.insert(0, str(Path(__file__).parent))  # for the extension
sys.path.insert(0, str(Path(__file__).parent.parent))

import pyglet

import pyglet_palace

pyglet.options["shadow_window"] = False  # pyglet.media, which `pyglet_palace.codecs` imports, needs no display then

project = "pyglet_palace"
author = "pyglet_palace maintainers"
release = version = pyglet_palace.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "reference_rules"]
exclude_patterns = ["_static"]
nitpicky = False  # a docstring also writes its arguments in backticks

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3  # links to headings, as on GitHub

default_role = "py:obj"
smartquotes_action = "D"  # dashes; quotes are those of strings
add_module_names = False
python_maximum_signature_line_length = 90
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
autodoc_inherit_docstrings = True
autodoc_default_options = {"members": True, "no-value": True}

html_theme = "furo"
html_title = "pyglet_palace"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
