"""The constructor call of a base class."""

from translator.apply.classes import rewrite_super_init as rewrite_super_init
