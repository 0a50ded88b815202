"""What makes the words of the bench fit to be shipped: gettext catalogues from the English, and fonts that hold them.

A workshop of developers, `./run words`; no part of a box.
"""
