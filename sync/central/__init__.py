"""The reference central: results of many boxes in one database, handed on in order. Needs the extra "central"."""
