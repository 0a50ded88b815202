"""Signed registries, bulletins and packs in; results and evidence out. A process of its own: edge never imports it."""
